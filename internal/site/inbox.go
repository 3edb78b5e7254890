package site

import (
	"net/http"
	"net/url"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/tmoeg/oduvan/internal/notice"
	"github.com/tmoeg/oduvan/web"
)

// mountInbox registers how people are told of things.
func (s *Site) mountInbox(r gin.IRouter) {
	r.GET("/inbox", s.page(s.inbox))
	r.POST("/inbox/read", s.act(s.inboxRead))
	r.GET("/inbox/:id", s.page(s.openNotice))
	r.POST("/inbox/:id/remove", s.act(s.removeNotice))
	r.GET("/me/notices", s.page(s.noticeSettings))
	r.POST("/me/notices", s.act(s.saveNotices))
	r.POST("/me/notices/feed", s.act(s.newFeed))
	r.POST("/me/notices/push/begin", s.exchange(s.subscribe))
	r.POST("/me/notices/push/:id/remove", s.act(s.unsubscribe))
	r.GET("/feeds/:secret", s.limited("search", s.page(s.noticeFeed)))
}

// inbox shows what the viewer was told.
func (s *Site) inbox(c *gin.Context) error {
	f, v, err := s.signed(c, "inbox.title")
	if err != nil {
		return err
	}
	f.Tab = "inbox"
	ctx := c.Request.Context()
	filter, kind := notice.Filter{Unread: c.Query("unread") != "", Page: pageOf(c)}, notice.Kind(c.Query("kind"))
	if kind != "" {
		filter.Kinds = []notice.Kind{kind}
	}
	seen := s.Now() // before reading: what is told meanwhile stays new
	list, err := s.Notices.Inbox(ctx, v.actor, filter)
	if err != nil {
		return err
	}
	loc, err := s.ownZone(ctx, v.actor)
	if err != nil {
		return err
	}
	q := url.Values{}
	if filter.Unread {
		q.Set("unread", "1")
	}
	if kind != "" {
		q.Set("kind", string(kind))
	}
	p := web.InboxPage{Unread: filter.Unread, News: list.Unread, Seen: seen.UTC().Format(time.RFC3339Nano),
		Tabs: []web.TabLink{{Label: f.T("inbox.tab_all"), URL: "/inbox", Current: !filter.Unread},
			{Label: f.T("inbox.tab_new"), URL: "/inbox?unread=1", Count: list.Unread, Current: filter.Unread}},
		Kinds: []web.Choice{{Label: f.T("inbox.kind_any"), Selected: kind == ""}},
		Empty: web.Empty{Title: f.T("inbox.none"), Text: f.T("inbox.none_text"), Action: web.Link{Label: f.T("thread.find"), URL: "/search?kind=tutor"}}}
	if filter.Unread {
		p.Empty = web.Empty{Title: f.T("inbox.none_new"), Text: f.T("inbox.none_new_text")}
	}
	for _, k := range notice.Kinds() {
		p.Kinds = append(p.Kinds, web.Choice{Value: string(k), Label: f.T("notice_kind." + string(k)), Selected: k == kind})
	}
	for i := range list.Items {
		n := &list.Items[i]
		p.Rows = append(p.Rows, web.NoticeRow{URL: "/inbox/" + n.ID, RemoveURL: "/inbox/" + n.ID + "/remove", Text: noticeText(f.Texts, n),
			When: f.Texts.Moment(n.CreatedAt.In(loc)), Icon: noticeIcon(n.Kind), New: n.Unread()})
	}
	if list.Page > 1 {
		p.PrevURL = paged("/inbox", q, list.Page-1)
	}
	if list.Page < list.Pages {
		p.NextURL = paged("/inbox", q, list.Page+1)
	}
	return s.show(c, http.StatusOK, web.Inbox(f, p))
}

// noticeText is what a notice says in a language.
func noticeText(t *web.Texts, n *notice.Notice) string {
	return t.T("notice."+string(n.Kind), n.Places()...)
}

func noticeIcon(k notice.Kind) string {
	switch k {
	case notice.InquiryNew, notice.InquiryAnswered, notice.MessageNew:
		return "chat"
	case notice.InquiryWaiting, notice.InquiryExpired, notice.ThreadEnding, notice.LicenceEnding:
		return "clock"
	case notice.SavedFound:
		return "search"
	case notice.ProfileReminder, notice.ProfileSlept:
		return "pause"
	}
	return "info"
}

// openNotice marks a notice read and leads to what it is about.
func (s *Site) openNotice(c *gin.Context) error {
	v, err := s.visit(c)
	if err != nil {
		return err
	}
	n, err := s.Notices.Open(c.Request.Context(), v.actor, c.Param("id"))
	if err != nil {
		return err
	}
	return s.see(c, local(n.Path, "/inbox"))
}

// inboxRead marks what was there when the page was made: what came since stays new.
func (s *Site) inboxRead(c *gin.Context) error {
	v, err := s.visit(c)
	if err != nil {
		return err
	}
	at, err := time.Parse(time.RFC3339Nano, value(c, "seen"))
	if err != nil || at.After(s.Now()) {
		at = s.Now()
	}
	if err := s.Notices.MarkAllRead(c.Request.Context(), v.actor, at); err != nil {
		return err
	}
	s.say(c, "ok", "inbox.read_done")
	return s.see(c, "/inbox")
}

func (s *Site) removeNotice(c *gin.Context) error {
	v, err := s.visit(c)
	if err != nil {
		return err
	}
	if err := s.Notices.Remove(c.Request.Context(), v.actor, c.Param("id")); err != nil {
		return err
	}
	s.say(c, "ok", "inbox.removed")
	return s.see(c, "/inbox")
}
