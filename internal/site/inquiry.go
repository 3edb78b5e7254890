package site

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/tmoeg/oduvan/internal/markup"
	"github.com/tmoeg/oduvan/internal/message"
	"github.com/tmoeg/oduvan/web"
)

// pageOf is the page that an address asks for, 0 for none.
func pageOf(c *gin.Context) int {
	n, err := strconv.Atoi(c.Query("page"))
	if err != nil || n < 1 {
		return 0
	}
	return min(n, maxPage)
}

// paged is an address with the number of a page in it.
func paged(path string, q url.Values, n int) string {
	q.Set("page", strconv.Itoa(n))
	return path + "?" + q.Encode()
}

// inquiries lists what the viewer asked and was asked: what waits, or all.
func (s *Site) inquiries(c *gin.Context) error {
	f, v, err := s.signed(c, "thread.list")
	if err != nil {
		return err
	}
	f.Tab = "inbox"
	ctx, all := c.Request.Context(), c.Query("all") != ""
	filter := message.Filter{States: []message.State{message.Open}, Page: pageOf(c)}
	q := url.Values{}
	if all {
		filter.States = nil
		q.Set("all", "1")
	}
	list, err := s.Messages.Inquiries(ctx, v.actor, filter)
	if err != nil {
		return err
	}
	p := web.InquiriesPage{Tabs: []web.TabLink{{Label: f.T("thread.tab_waiting"), URL: "/inquiries", Current: !all},
		{Label: f.T("thread.tab_all"), URL: "/inquiries?all=1", Current: all}},
		Empty: web.Empty{Title: f.T("thread.none_waiting"), Text: f.T("thread.none_waiting_text"),
			Action: web.Link{Label: f.T("thread.find"), URL: "/search?kind=tutor"}}}
	if all {
		p.Empty.Title, p.Empty.Text = f.T("thread.none"), f.T("thread.none_text")
	} else {
		p.Tabs[0].Count = list.Total
	}
	for i := range list.Items {
		p.Rows = append(p.Rows, inquiryRow(f, &list.Items[i]))
	}
	if list.Page > 1 {
		p.PrevURL = paged("/inquiries", q, list.Page-1)
	}
	if list.Page < list.Pages {
		p.NextURL = paged("/inquiries", q, list.Page+1)
	}
	return s.show(c, http.StatusOK, web.Inquiries(f, p))
}

const goalShown = 140 // characters of an inquiry in a list

func inquiryRow(f web.Frame, q *message.Inquiry) web.InquiryRow {
	row := web.InquiryRow{URL: message.Path(q.ID), Name: peerName(f, q.Other), Portrait: portrait(q.Other.Seed, q.Other.Picture),
		Side: f.T("thread.from_me"), State: string(q.State), Word: f.T("thread.word_" + string(q.State)), When: f.Texts.Day(q.LastAt)}
	if q.Mine == message.Tutor {
		row.Side, row.Turn = f.T("thread.to_me"), q.State == message.Open
	}
	goal := strings.Join(strings.Fields(markup.Plain(q.Goal)), " ")
	if row.Goal = clip(goal, goalShown); row.Goal != goal {
		row.Goal += "…"
	}
	return row
}

// peerName is what the other side is called.
func peerName(f web.Frame, p message.Peer) string {
	if p.Erased {
		return f.T("thread.erased")
	}
	return p.Name
}
