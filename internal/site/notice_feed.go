package site

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/gorilla/feeds"

	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/notice"
	"github.com/tmoeg/oduvan/web"
)

// noticeSettings shows how the viewer wants to be told.
func (s *Site) noticeSettings(c *gin.Context) error {
	f, v, err := s.signed(c, "notices.title")
	if err != nil {
		return err
	}
	f.Tab = "inbox"
	ctx := c.Request.Context()
	set, err := s.Notices.Settings(ctx, v.actor)
	if err != nil {
		return err
	}
	p := web.NoticesPage{Feed: set.Feed, FeedURL: set.FeedURL, Push: web.PushBox{Key: s.Notices.PushKey(), Begin: "/me/notices/push/begin"}}
	for _, k := range notice.Kinds() {
		p.Kinds = append(p.Kinds, web.Choice{Value: string(k), Label: f.T("notice_kind." + string(k)), Selected: !slices.Contains(set.Off, k)})
	}
	if p.Push.Key != "" {
		list, err := s.Notices.Subscriptions(ctx, v.actor)
		if err != nil {
			return err
		}
		for _, b := range list {
			p.Push.Browsers = append(p.Push.Browsers, web.KeyRow{ID: b.ID, Name: b.Service, Added: f.Texts.Date(b.AddedOn)})
		}
	}
	return s.show(c, http.StatusOK, web.Notices(f, p))
}

func (s *Site) saveNotices(c *gin.Context) error {
	v, err := s.visit(c)
	if err != nil {
		return err
	}
	set, on := notice.Settings{Feed: value(c, "feed") != ""}, values(c, "on")
	for _, k := range notice.Kinds() {
		if !slices.Contains(on, string(k)) {
			set.Off = append(set.Off, k)
		}
	}
	return s.noticesDone(c, s.Notices.SaveSettings(c.Request.Context(), v.actor, set), "notices.saved")
}

// noticesDone is the end of a small act of the settings: a word and back.
func (s *Site) noticesDone(c *gin.Context, err error, word string) error {
	if err != nil {
		return err
	}
	s.say(c, "ok", word)
	return s.see(c, "/me/notices")
}

func (s *Site) newFeed(c *gin.Context) error {
	v, err := s.visit(c)
	if err != nil {
		return err
	}
	_, err = s.Notices.RotateFeed(c.Request.Context(), v.actor)
	return s.noticesDone(c, err, "notices.feed_done")
}

// subscribe takes what the browser's push manager made, from our script.
func (s *Site) subscribe(c *gin.Context, in request) (any, error) {
	v, err := s.visit(c)
	if err != nil {
		return nil, err
	}
	if s.Notices.PushKey() == "" { // the page offers none, so nobody comes here by a button
		return nil, fault.Of(fault.NotFound, "push_off")
	}
	var made struct {
		Endpoint string `json:"endpoint"`
		Keys     struct {
			P256DH string `json:"p256dh"`
			Auth   string `json:"auth"`
		} `json:"keys"`
	}
	if len(in.Response) > 0 {
		if err := json.Unmarshal(in.Response, &made); err != nil {
			return nil, fault.Of(fault.Invalid, "form_malformed").Wrap(err)
		}
	}
	_, err = s.Notices.Subscribe(c.Request.Context(), v.actor, notice.Browser{Endpoint: made.Endpoint, P256DH: made.Keys.P256DH, Auth: made.Keys.Auth})
	return gin.H{}, err
}

func (s *Site) unsubscribe(c *gin.Context) error {
	v, err := s.visit(c)
	if err != nil {
		return err
	}
	return s.noticesDone(c, s.Notices.Unsubscribe(c.Request.Context(), v.actor, c.Param("id")), "notices.push_removed")
}

// noticeFeed is somebody's notices as Atom at a secret address. Links go
// through the inbox's own pages, which ask who looks.
func (s *Site) noticeFeed(c *gin.Context) error {
	secret, ok := strings.CutSuffix(c.Param("secret"), ".atom")
	if !ok {
		return fault.Of(fault.NotFound, "feed_unknown")
	}
	list, lang, err := s.Notices.ByFeed(c.Request.Context(), secret)
	if err != nil {
		return err
	}
	texts := s.Web.Texts(localeOf(c.Request).branch.Spoken(lang))
	home := s.absolute("/inbox")
	feed := &feeds.Feed{Title: texts.T("inbox.feed_name"), Link: &feeds.Link{Href: home}, Id: home, Updated: time.Unix(0, 0).UTC()} // empty, it changes at no poll
	if len(list) > 0 {
		feed.Updated = list[0].CreatedAt.UTC()
	}
	for i := range list {
		n := &list[i]
		link := s.absolute("/inbox/" + n.ID)
		feed.Items = append(feed.Items, &feeds.Item{Title: noticeText(texts, n), Link: &feeds.Link{Href: link}, Id: link,
			Created: n.CreatedAt.UTC(), Updated: n.CreatedAt.UTC()})
	}
	text, err := feed.ToAtom()
	if err != nil {
		return err
	}
	secureHeaders(c.Writer.Header())
	c.Header("Cache-Control", "no-store")
	c.Header("X-Robots-Tag", "noindex")
	c.Header("Referrer-Policy", "no-referrer")
	c.Data(http.StatusOK, "application/atom+xml; charset=utf-8", []byte(text))
	return nil
}
