package account

import (
	"context"
	"regexp"
	"strconv"
	"strings"

	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/fault"
)

// HandlePattern is the form of a handle, as a regular expression that Go, HTML
// and JSON Schema read alike.
const HandlePattern = `^[a-z][a-z0-9_-]{2,29}$`

var handleForm = regexp.MustCompile(HandlePattern)

// Words that are or may become parts of addresses: nobody is called so.
const routeWords = `about account accounts anonymous api apply appeal appeals assets atom audit avatar avatars blob blobs
	board bookings branch branches catalog catalogue certificate certificates claim claims codes creators dashboard data
	delete docs edit erase error errors export false favicon faq feed feeds file files forum fund funds health healthz help
	home ics inbox index inquiries invitation join language legal licence licences license licenses login logout market
	media messages metrics new news nobody none notices null oauth offers openapi orders page pages passkey passkeys
	payments peers pictures ping posts privacy profile profiles proposals public readyz recover recovery register report
	reports requests reviews robots rss rules search security services session sessions settings setup signin signout
	signup sitemap static stripe styles tags terms threads token tokens transparency true tutors undefined union unknown
	upload uploads users verify webhook webhooks well-known works www`

// Words that would pass for the people who run a branch: only accounts with an
// office may bear them.
const officeWords = `admin administrator administration bot council editor fund-tmoeg host mod moderation moderator
	moderators oduvan official operator operators owner postmaster root staff steward superuser support sysadmin system
	team tmoeg webmaster`

func listed(words, handle string) bool {
	for word := range strings.FieldsSeq(words) {
		if word == handle {
			return true
		}
	}
	return false
}

// CheckHandle says whether an account with this role could bear the handle:
// three to thirty of a–z, 0–9, "-" and "_", beginning with a letter. "me" and
// other short words of addresses are refused by that form already. Faults:
// Invalid handle_form or handle_reserved, field handle.
func CheckHandle(handle string, role Role) error {
	if !handleForm.MatchString(handle) {
		return fault.Bad("handle", "handle_form")
	}
	if listed(routeWords, handle) || role.rank() < Moderator.rank() && listed(officeWords, handle) {
		return fault.Bad("handle", "handle_reserved")
	}
	return nil
}

// takenHandle turns the database's refusal of a second equal handle into the form's fault.
func takenHandle(err error) error {
	if db.Duplicate(err, "account", "handle") {
		return &fault.Error{Kind: fault.Conflict, Code: "handle_taken", Field: "handle"}
	}
	return err
}

// The words of suggested handles: an adjective and an animal or a plant, in
// masculine Russian where Latin letters spell it plainly.
const (
	ruFirst = `bystry bodry dobry veseliy vdumchivy vezuchy gromkiy dalniy drevniy druzhny zvezdny zimniy letniy lovkiy
		lesnoy medny mirny morskoy nochnoy novy ogromny pushisty rezvy rechnoy rovny svetly severny siniy smely solnechny
		spokoiny stepnoy tikhiy tyoply umny khitry tsepkiy chestny shustry yarkiy yuzhny yasny`
	ruSecond = `aist bars barsuk bobr vorobey voron gepard golub grach delfin drozd dyatel enot ezh zhuk zubr zyablik
		kedr kit klen krab krot lis los lotos mamont medved moh oduvanchik okun olen orel osminog pingvin sokol som
		strizh surok tigr tyulen filin khomyak chizh shmel yastreb yashcher`
	enFirst = `amber brave breezy bright brisk calm careful cheerful clear clever cosy curious dapper eager early fair
		fluffy frosty gentle glad golden happy honest humble jolly keen kind lively lucky mellow merry mighty misty
		nimble patient plucky polite quick quiet rapid silver smart snowy solar steady sunny swift tidy warm wise witty`
	enSecond = `acorn alder badger bear beaver birch cedar clover crane cricket daisy dandelion dolphin falcon fern finch
		fox gecko hare hawk hedgehog heron ibis koala lark lemur linden lotus lynx magpie maple marten moose newt oak
		orca otter owl panda penguin pine puffin rabbit raven robin salmon seal sparrow squirrel swallow thistle tiger`
)

const mostSuggested = 20

// SuggestHandles offers up to n friendly handles that are free now, at most 20.
// It gives fewer, even none, when the database does not answer.
func (a *Accounts) SuggestHandles(ctx context.Context, lang string, n int) []string {
	first, second := strings.Fields(ruFirst), strings.Fields(ruSecond)
	if lang == "en" {
		first, second = strings.Fields(enFirst), strings.Fields(enSecond)
	}
	n = max(0, min(n, mostSuggested))
	var out []string
	_ = a.db.Read(ctx, func(tx *db.Tx) error {
		var some []string
		for range 3 * n {
			x := dice(tx)
			handle := first[x%uint64(len(first))] + "-" + second[x>>16%uint64(len(second))]
			if x>>32&3 == 0 { // some with a number: two words alone run out one day
				handle += strconv.FormatUint(x>>40%90+10, 10)
			}
			some = append(some, handle)
		}
		taken, err := takenOf(ctx, tx, some)
		if err != nil {
			return err
		}
		for _, handle := range some {
			if len(out) < n && !taken[handle] && handleForm.MatchString(handle) {
				taken[handle] = true
				out = append(out, handle)
			}
		}
		return nil
	})
	return out
}

// dice is 48 random bits, from the end of a random id.
func dice(tx *db.Tx) uint64 {
	id := tx.RandomID()
	x, _ := strconv.ParseUint(id[len(id)-12:], 16, 64)
	return x
}
