package api

import (
	"context"
	"net/http"
	"time"

	"github.com/tmoeg/oduvan/internal/notice"
)

// Notice is one thing that you are told. It holds no words of other people.
type Notice struct {
	ID        string            `json:"id" doc:"Stable" example:"0199b6a0-0000-7000-8000-000000000004"`
	Kind      string            `json:"kind" enum:"inquiry_new,inquiry_waiting,inquiry_answered,inquiry_declined,inquiry_expired,message_new,thread_ending,thread_closed,profile_reminder,profile_slept,saved_found,licence_issued,licence_ending,licence_changed,work_consent,work_claim,order_turn,order_news" doc:"What happened" example:"inquiry_answered"`
	Text      string            `json:"text" doc:"The same for people, in the language asked for" example:"ada-lint answered your inquiry."`
	Subject   string            `json:"subject" doc:"Id of what it is about: of an inquiry, its thread being the same, or of a saved search. Of your profile it is the inquiry that came last, or your account's id, alone or with a slash and a day" example:"0199b6a0-0000-7000-8000-000000000002"`
	URL       string            `json:"url" doc:"Page about it" example:"https://example.org/inquiries/0199b6a0-0000-7000-8000-000000000002"`
	Handle    string            `json:"handle" doc:"Whose act it was; empty: nobody's, or that account is erased" example:"ada-lint"`
	Args      map[string]string `json:"args" doc:"Numbers, days and codes of the kind, such as reason, count or days" example:"{\"reason\":\"busy\"}"`
	CreatedAt time.Time         `json:"created_at" doc:"When" example:"2026-11-22T12:00:00Z"`
	ReadAt    *time.Time        `json:"read_at" doc:"When you read it; null: not yet" example:"2026-11-22T13:00:00Z"`
}

// Inbox is a page of notices.
type Inbox struct {
	Items  []Notice `json:"items" nullable:"false" doc:"The newest first"`
	Total  int      `json:"total" doc:"How many fit on all pages" example:"3"`
	Unread int      `json:"unread" doc:"How many of the whole inbox are not read" example:"1"`
	Page   int      `json:"page" doc:"This page, from 1" example:"1"`
	Pages  int      `json:"pages" doc:"How many pages there are" example:"1"`
}

// InboxRead says what was read.
type InboxRead struct {
	IDs   []string   `json:"ids" required:"false" nullable:"false" maxItems:"100" maxLength:"36" doc:"These notices; needed without all" example:"0199b6a0-0000-7000-8000-000000000004"`
	All   bool       `json:"all" required:"false" doc:"Everything; ids are not looked at then" example:"false"`
	Until *time.Time `json:"until" required:"false" doc:"With all: only what was told up to then, such as created_at of the newest that you saw; null: up to now" example:"2026-11-22T12:00:00Z"`
}

// InboxUnread is how many notices are not read.
type InboxUnread struct {
	Unread int `json:"unread" doc:"Of the whole inbox" example:"0"`
}

// NoticeChoice is the body of PUT /me/notices.
type NoticeChoice struct {
	Off  []string `json:"off" nullable:"false" maxItems:"18" enum:"inquiry_new,inquiry_waiting,inquiry_answered,inquiry_declined,inquiry_expired,message_new,thread_ending,thread_closed,profile_reminder,profile_slept,saved_found,licence_issued,licence_ending,licence_changed,work_consent,work_claim,order_turn,order_news" doc:"Kinds that tell nothing from now on" example:"message_new"`
	Feed bool     `json:"feed" doc:"The inbox is an Atom feed, too, at a secret address. Switching it off ends that address for good" example:"true"`
}

// NoticeSettings are what you want to be told.
type NoticeSettings struct {
	NoticeChoice
	FeedURL string `json:"feed_url" doc:"Address of the feed, empty while it is off. Whoever has it reads the feed" example:"https://example.org/feeds/k3x9….atom"`
}

type inboxInput struct {
	Unread bool     `query:"unread" doc:"Only what is not read" example:"true"`
	Kinds  []string `query:"kind,explode" nullable:"false" maxItems:"18" enum:"inquiry_new,inquiry_waiting,inquiry_answered,inquiry_declined,inquiry_expired,message_new,thread_ending,thread_closed,profile_reminder,profile_slept,saved_found,licence_issued,licence_ending,licence_changed,work_consent,work_claim,order_turn,order_news" doc:"Only this kind; repeat the key for several" example:"inquiry_answered"`
	Page   int      `query:"page" minimum:"1" maximum:"10000" default:"1" doc:"Page, from 1; after the last one it is empty" example:"1"`
	Limit  int      `query:"limit" minimum:"1" maximum:"100" default:"20" doc:"Notices on a page" example:"20"`
}

type noticeInput struct {
	ID string `path:"id" doc:"Of the notice" example:"0199b6a0-0000-7000-8000-000000000004"`
}

type inboxReadInput struct {
	Keyed
	Body InboxRead
}

type rotateInput struct {
	Keyed
	Body *Nothing
}

type noticeChoiceInput struct{ Body NoticeChoice }

type inboxOutput struct{ Body Inbox }

type inboxUnreadOutput struct{ Body InboxUnread }

type noticeSettingsOutput struct{ Body NoticeSettings }

func (a *API) addInbox() {
	missing := []int{http.StatusNotFound}
	add(a, operation{id: "inbox", method: http.MethodGet, path: "/me/inbox", tag: tagInbox, own: true, summary: "Read your inbox",
		text: "Texts follow Accept-Language (ru, en). What is read is kept for 90 days more, anything for 180."}, a.inbox)
	add(a, operation{id: "read-inbox", method: http.MethodPost, path: "/me/inbox/read", tag: tagInbox, own: true,
		summary: "Mark notices as read", text: "404 where none of the ids is yours.",
		statuses: []int{http.StatusNotFound, http.StatusConflict}}, a.readInbox)
	add(a, operation{id: "remove-notice", method: http.MethodDelete, path: "/me/inbox/{id}", tag: tagInbox, own: true,
		summary: "Remove a notice for good", statuses: missing}, a.removeNotice)
}

func (a *API) addNotices() {
	add(a, operation{id: "notices", method: http.MethodGet, path: "/me/notices", tag: tagInbox, own: true,
		summary: "Read what you want to be told"}, a.noticeSettings)
	add(a, operation{id: "save-notices", method: http.MethodPut, path: "/me/notices", tag: tagInbox, own: true,
		summary: "Choose what you want to be told"}, a.saveNotices)
	add(a, operation{id: "rotate-feed", method: http.MethodPost, path: "/me/notices/feed/rotate", tag: tagInbox, own: true,
		summary: "Give your feed a new address", text: "The old one ends at once. A feed that is off is switched on.",
		statuses: []int{http.StatusConflict}}, a.rotateFeed)
}

func (a *API) inbox(ctx context.Context, r *request, in *inboxInput) (*inboxOutput, error) {
	found, err := a.Notices.Inbox(ctx, r.actor, notice.Filter{Unread: in.Unread, Kinds: typed[notice.Kind](in.Kinds), Page: in.Page, Limit: in.Limit})
	if err != nil {
		return nil, err
	}
	out := Inbox{Items: make([]Notice, len(found.Items)), Total: found.Total, Unread: found.Unread, Page: found.Page, Pages: found.Pages}
	for i := range found.Items {
		out.Items[i] = a.noticeOf(&found.Items[i], r.lang)
	}
	return &inboxOutput{Body: out}, nil
}

func (a *API) readInbox(ctx context.Context, r *request, in *inboxReadInput) (*inboxUnreadOutput, error) {
	err := a.acts(ctx, r, in.Key, func() error {
		if !in.Body.All {
			return a.Notices.MarkRead(ctx, r.actor, in.Body.IDs...)
		}
		var until time.Time
		if in.Body.Until != nil {
			until = in.Body.Until.UTC()
		}
		return a.Notices.MarkAllRead(ctx, r.actor, until)
	})
	if err != nil {
		return nil, err
	}
	n, err := a.Notices.Unread(ctx, r.actor)
	return &inboxUnreadOutput{Body: InboxUnread{Unread: n}}, err
}

func (a *API) removeNotice(ctx context.Context, r *request, in *noticeInput) (*struct{}, error) {
	return &struct{}{}, a.Notices.Remove(ctx, r.actor, in.ID)
}

func (a *API) noticeSettings(ctx context.Context, r *request, _ *struct{}) (*noticeSettingsOutput, error) {
	settings, err := a.Notices.Settings(ctx, r.actor)
	if err != nil {
		return nil, err
	}
	out := NoticeSettings{NoticeChoice: NoticeChoice{Off: make([]string, len(settings.Off)), Feed: settings.Feed}, FeedURL: settings.FeedURL}
	for i, kind := range settings.Off {
		out.Off[i] = string(kind)
	}
	return &noticeSettingsOutput{Body: out}, nil
}

func (a *API) saveNotices(ctx context.Context, r *request, in *noticeChoiceInput) (*noticeSettingsOutput, error) {
	settings := notice.Settings{Feed: in.Body.Feed}
	for _, kind := range in.Body.Off {
		settings.Off = append(settings.Off, notice.Kind(kind))
	}
	if err := a.Notices.SaveSettings(ctx, r.actor, settings); err != nil {
		return nil, err
	}
	return a.noticeSettings(ctx, r, nil)
}

func (a *API) rotateFeed(ctx context.Context, r *request, in *rotateInput) (*noticeSettingsOutput, error) {
	err := a.acts(ctx, r, in.Key, func() error {
		_, err := a.Notices.RotateFeed(ctx, r.actor)
		return err
	})
	if err != nil {
		return nil, err
	}
	return a.noticeSettings(ctx, r, nil)
}

// noticeOf is a notice as this API tells of it.
func (a *API) noticeOf(row *notice.Notice, lang string) Notice {
	args := row.Args
	if args == nil {
		args = map[string]string{}
	}
	return Notice{ID: row.ID, Kind: string(row.Kind), Text: a.Texts.Notice(lang, string(row.Kind), row.Places()...), Subject: row.Subject,
		URL: a.URL + row.Path, Handle: row.Handle, Args: args, CreatedAt: row.CreatedAt.UTC(), ReadAt: instant(row.ReadAt)}
}
