package web_test

import (
	"github.com/a-h/templ"

	"github.com/tmoeg/oduvan/web"
)

// messageSamples are the pages by which people reach and hear each other.
func messageSamples() []pageSample {
	return []pageSample{
		{"ask", strangerFrame, sampleAsk},
		{"ask-warned", signedFrame, sampleAskWarned},
		{"ask-refused", signedFrame, sampleAskRefused},
		{"inquiries", signedFrame, sampleInquiries},
		{"inquiries-none", signedFrame, func(f web.Frame) templ.Component {
			return web.Inquiries(f, web.InquiriesPage{Empty: web.Empty{Title: f.T("thread.none"), Text: f.T("thread.none_text"),
				Action: web.Link{Label: f.T("thread.find"), URL: "/search"}}})
		}},
		{"thread-tutor", signedFrame, sampleThreadOfTutor},
		{"thread-learner", signedFrame, sampleThreadOfLearner},
		{"thread-expired", signedFrame, sampleThreadExpired},
		{"report", signedFrame, func(f web.Frame) templ.Component {
			return web.Report(f, web.ReportPage{Back: "/inquiries/1", Action: "/inquiries/1/report/2", Name: "Лесной ключ", HTML: "<p>" + long + "</p>",
				Troubles: []web.Trouble{{Field: "f-reason", Text: "Слишком коротко"}},
				Reason:   web.Field{Name: "reason", Label: f.T("report.reason"), Hint: f.T("report.reason_hint"), Error: "Слишком коротко", Max: 1000}})
		}},
		{"inbox", signedFrame, sampleInbox},
		{"notices", signedFrame, sampleNotices},
		{"join", plainFrame, sampleJoin},
		{"searches", signedFrame, sampleSearches},
		{"searches-none", signedFrame, func(f web.Frame) templ.Component {
			return web.SavedSearches(f, web.SavedPage{Most: 20, Empty: web.Empty{Title: f.T("saved.none"), Text: f.T("saved.none_text"),
				Action: web.Link{Label: f.T("saved.find"), URL: "/search"}}})
		}},
		{"search-saved", signedFrame, sampleSavedSearch},
	}
}

func askPage(f web.Frame) web.AskPage {
	field := func(name string) web.Field {
		return web.Field{Name: name, Label: f.T("ask." + name), Hint: f.T("ask." + name + "_hint"), Max: 1000, Rows: 4}
	}
	return web.AskPage{Name: "Лесной ключ", By: people()[0], Back: "/tutors/lesnoy-klyuch", Action: "/tutors/lesnoy-klyuch/ask", Stranger: true,
		Service: "Разбор кода", ServiceURL: "/services/1", Goal: field("goal"), Background: field("background"), Expectation: field("expectation"),
		Confirm: web.Field{Name: "confirm", Label: f.T("ask.contacts_confirm")}}
}

func sampleAsk(f web.Frame) templ.Component { return web.Ask(f, askPage(f)) }

func sampleAskWarned(f web.Frame) templ.Component {
	p := askPage(f)
	p.Stranger, p.Kept, p.Confirmed, p.Name = false, true, true, long
	p.Warnings = []string{f.T("editor.contact_in", "field", f.T("ask.goal"), "what", f.T("editor.contact_phone"))}
	p.Troubles = []web.Trouble{{Field: "f-goal", Text: "Напиши хоть слово"}}
	p.Goal.Value, p.Goal.Error = long+long, "Напиши хоть слово"
	return web.Ask(f, p)
}

func sampleAskRefused(f web.Frame) templ.Component {
	p := askPage(f)
	p.Refused, p.Unsent, p.Similar, p.SearchURL = f.T("profile.unclaimed"), long+"\n\n"+long, people()[:3], "/search?kind=tutor"
	return web.Ask(f, p)
}

func sampleInquiries(f web.Frame) templ.Component {
	p := web.InquiriesPage{Tabs: []web.TabLink{{Label: f.T("thread.tab_waiting"), URL: "/inquiries", Count: 2, Current: true},
		{Label: f.T("thread.tab_all"), URL: "/inquiries?all=1"}}, PrevURL: "/inquiries?page=1", NextURL: "/inquiries?page=3"}
	for i, state := range []string{"open", "answered", "declined", "expired", "withdrawn"} {
		p.Rows = append(p.Rows, web.InquiryRow{URL: "/inquiries/1", Name: []string{"Лесной ключ", long}[i%2], Portrait: web.Portrait{Seed: uint64(i)},
			Side: f.T("thread.to_me"), Goal: "Хочу написать первого бота " + long, State: state, Word: f.T("thread.word_" + state), When: "5 декабря", Turn: i == 0})
	}
	return web.Inquiries(f, p)
}

func threadPage(f web.Frame, state string) web.ThreadPage {
	p := web.ThreadPage{URL: "/inquiries/1", Name: "Лесной ключ", PersonURL: "/tutors/lesnoy-klyuch", Portrait: web.Portrait{Seed: 3}, State: state,
		Word: f.T("thread.word_" + state), Turn: f.T("thread.turn_answered"), Service: "Разбор кода", When: "5 декабря 2025, 22:03 UTC+3",
		Parts: []web.ThreadPart{{f.T("ask.goal"), "<p>Первый бот</p>"}, {f.T("ask.background"), "<p>" + long + "</p>"}}, ReportURL: "/inquiries/1/report/1",
		Confirm: web.Field{Name: "confirm", Label: f.T("ask.contacts_confirm")}, Ends: "5 июня 2026"}
	for i, who := range []string{"Лесной ключ", f.T("thread.me"), "Лесной ключ"} {
		p.Messages = append(p.Messages, web.MessageView{ID: string(rune('a' + i)), Name: who, Portrait: web.Portrait{Seed: uint64(i)}, Mine: i == 1, Seen: i == 1,
			HTML: "<p>Давай начнём с малого</p><pre><code>" + long + "</code></pre>", When: "5 декабря 2025, 22:03 UTC+3", Reported: i == 2, ReportURL: "/r"})
	}
	p.Write = &web.Field{Name: "text", Label: f.T("thread.text"), Hint: f.T("thread.text_hint"), Max: 4000, Preview: "/me/preview"}
	return p
}

func sampleThreadOfTutor(f web.Frame) templ.Component {
	p := threadPage(f, "open")
	p.Messages, p.Turn = nil, f.T("thread.turn_mine", "date", "7 декабря")
	p.Kept = true
	p.Troubles = []web.Trouble{{Field: "f-comment", Text: "Нужны слова"}}
	p.Warnings = []string{f.T("editor.contact_in", "field", f.T("thread.text"), "what", f.T("editor.contact_phone"))}
	p.Decline = &web.Refusing{Open: true, Reasons: []web.Choice{{Value: "busy", Label: f.T("thread.reason_busy")}, {Value: "other", Label: f.T("thread.reason_is_other"), Selected: true}},
		Comment: web.Field{Name: "comment", Label: f.T("thread.comment"), Hint: f.T("thread.comment_hint"), Error: "Нужны слова", Max: 500},
		Until:   web.Field{Name: "paused_until", Label: f.T("thread.until"), Hint: f.T("thread.until_hint"), Type: "date"}}
	return web.Thread(f, p)
}

func sampleThreadOfLearner(f web.Frame) templ.Component {
	p := threadPage(f, "answered")
	p.MarksOn, p.MarksBoth, p.Close, p.Withdraw = true, true, true, true
	p.PrevURL, p.NextURL, p.Pages = "/inquiries/1?page=1", "/inquiries/1?page=3", f.T("thread.page_of", "page", 2, "pages", 3)
	return web.Thread(f, p)
}

func sampleThreadExpired(f web.Frame) templ.Component {
	p := threadPage(f, "declined")
	p.Erased, p.Closed, p.Write, p.Messages, p.Parts, p.Name = true, true, nil, nil, nil, long
	p.Unsent = "Мой ответ\n\n" + long
	p.Reason, p.Comment = f.T("thread.reason_busy"), "<p>"+long+"</p>"
	p.Similar, p.SearchURL = people()[:3], "/search?kind=tutor"
	return web.Thread(f, p)
}

func sampleInbox(f web.Frame) templ.Component {
	p := web.InboxPage{Tabs: []web.TabLink{{Label: f.T("inbox.tab_all"), URL: "/inbox", Current: true}, {Label: f.T("inbox.tab_new"), URL: "/inbox?unread=1", Count: 3}},
		Kinds: []web.Choice{{Label: f.T("inbox.kind_any"), Selected: true}}, Seen: "2025-12-05T19:03:00Z", News: 3, Unread: true, NextURL: "/inbox?page=2"}
	for i, kind := range []string{"inquiry_new", "inquiry_waiting", "inquiry_answered", "inquiry_declined", "inquiry_expired", "message_new", "thread_ending",
		"thread_closed", "profile_reminder", "profile_slept"} {
		p.Kinds = append(p.Kinds, web.Choice{Value: kind, Label: f.T("notice_kind." + kind)})
		args := []any{"handle", "lesnoy-klyuch"}
		if i%2 == 1 {
			args = nil
		}
		p.Rows = append(p.Rows, web.NoticeRow{URL: "/inbox/1", RemoveURL: "/inbox/1/remove", Text: f.T("notice."+kind, args...), When: "5 декабря 2025, 22:03 UTC+3",
			Icon: "chat", New: i < 3})
	}
	return web.Inbox(f, p)
}

func sampleNotices(f web.Frame) templ.Component {
	return web.Notices(f, web.NoticesPage{Feed: true, FeedURL: "https://oduvan.example/feeds/" + long + ".atom",
		Kinds: []web.Choice{{Value: "inquiry_new", Label: f.T("notice_kind.inquiry_new"), Selected: true}, {Value: "message_new", Label: f.T("notice_kind.message_new")}},
		Push:  web.PushBox{Key: "key", Begin: "/me/notices/push/begin", Browsers: []web.KeyRow{{ID: "1", Name: "push.example.org", Added: "5 декабря"}}}})
}

func sampleJoin(f web.Frame) templ.Component {
	return web.Join(f, web.JoinPage{Answered: true, Wider: true, FreeURL: "/search?free=1",
		Draw:  []web.Choice{{Label: f.T("join.draw_any")}, {Value: "games", Label: f.T("join.draw_games"), Selected: true}},
		Level: []web.Choice{{Label: f.T("join.level_any"), Selected: true}}, How: []web.Choice{{Label: f.T("join.how_any"), Selected: true}},
		Help:  []web.Link{{Label: "Discord", URL: "https://discord.example/x", Icon: "discord"}, {Label: "YouTube", URL: "https://youtube.example/x", Icon: "youtube"}},
		Plans: web.Shelf{Cards: offers()[3:], AllURL: "/search", Total: 8}, Free: web.Shelf{Cards: people()[3:4], AllURL: "/search?free=1", Total: 1},
		Paid: web.Shelf{Cards: people()[:3], AllURL: "/search?kind=tutor", Total: 30}})
}

func savedRows() []web.SavedRow {
	row := func(id, name, words string, news int, paused bool) web.SavedRow {
		at := "/me/searches/" + id
		return web.SavedRow{ID: id, Name: name, Words: words, URL: at, SearchURL: "/search?q=go", StateURL: at + "/state", RemoveURL: at + "/delete",
			Since: "22 ноября 2026", News: news, Paused: paused}
	}
	return []web.SavedRow{row("1", "Go до 2000", "go, до 2 000 ₽", 3, false), row("2", long, long, 0, false), row("3", "<b>пауза</b>", "", 1, true)}
}

func sampleSearches(f web.Frame) templ.Component {
	return web.SavedSearches(f, web.SavedPage{Rows: savedRows(), Most: 20})
}

func sampleSavedSearch(f web.Frame) templ.Component {
	return web.SavedSearch(f, web.SavedSearchPage{SavedRow: savedRows()[2], News: people(), Before: people()[:1],
		Troubles: []web.Trouble{{Field: "f-name", Text: "Это нужно заполнить."}}, FeedURL: "https://example.org/feeds/s/secret.atom", NewFeedURL: "/me/searches/3/feed",
		Rename: web.Field{Name: "name", Label: f.T("saved.name"), Error: "Это нужно заполнить.", Required: true, Max: 80}})
}
