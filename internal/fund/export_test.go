package fund_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tmoeg/oduvan/internal/fund"
	"github.com/tmoeg/oduvan/internal/money"
)

// filled has one entry of each kind and texts that a spreadsheet would run.
func filled(t *testing.T, w *world) {
	t.Helper()
	w.goal(t, "server", rub(1000000))
	w.record(t, gift())
	w.record(t, gift(func(in *fund.Input) { in.Kind, in.Goal, in.Amount = fund.Crowdfunding, "server", rub(5) }))
	w.record(t, fund.Input{Kind: fund.Subsidy, Amount: money.Amount{Minor: 1200, Currency: "JPY"}, Channel: "bank", Giver: `=HYPERLINK("http://x";"Фонд")`})
	w.record(t, expense(func(in *fund.Input) { in.Purpose = `@SUM(1+1)*cmd|' /C calc'!A0, "сервер" <b>&` }))
	if _, err := w.Reverse(w.ctx, w.op, 4, "-2+3: ошибка"); err != nil {
		t.Fatal(err)
	}
	w.publish(t, "https://boosty.to/tmoeg")
}

func TestCSV(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		filled(t, w)
		b, err := w.CSV(w.ctx)
		want(t, "error", nil, err)
		rows, err := csv.NewReader(bytes.NewReader(b)).ReadAll()
		want(t, "error", nil, err)
		got := [][]string{}
		for _, r := range rows {
			got = append(got, append(append([]string{}, r[:14]...), r[16]))
		}
		want(t, "rows", [][]string{
			{"seq", "day", "kind", "amount_minor", "currency", "channel", "goal", "giver", "category", "purpose", "giver_is_payee", "reverses", "reason", "recorded_on", "amount"},
			{"1", "2026-11-22", "donation", "150000", "RUB", "bank", "", "", "", "", "false", "", "", "2026-11-22", "1500.00"},
			{"2", "2026-11-22", "crowdfunding", "5", "RUB", "bank", "server", "", "", "", "false", "", "", "2026-11-22", "0.05"},
			{"3", "2026-11-22", "subsidy", "1200", "JPY", "bank", "", `'=HYPERLINK("http://x";"Фонд")`, "", "", "false", "", "", "2026-11-22", "1200"},
			{"4", "2026-11-22", "expense", "-50000", "RUB", "card", "", "", "hosting", `'@SUM(1+1)*cmd|' /C calc'!A0, "сервер" <b>&`, "false", "", "", "2026-11-22", "-500.00"},
			{"5", "2026-11-22", "expense", "50000", "RUB", "card", "", "", "hosting", `'@SUM(1+1)*cmd|' /C calc'!A0, "сервер" <b>&`, "false", "4", "'-2+3: ошибка", "2026-11-22", "500.00"},
		}, got)
	})
}

func TestJSON(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		filled(t, w)
		b, err := w.JSON(w.ctx)
		want(t, "error", nil, err)
		var got fund.Book
		want(t, "error", nil, json.Unmarshal(b, &got))
		book, err := w.Book(w.ctx)
		want(t, "error", nil, err)
		want(t, "reads back", book, got)
		want(t, "licence", []string{"CC-BY-4.0", "https://creativecommons.org/licenses/by/4.0/"}, []string{got.Licence, got.LicenceURL})
		want(t, "head", book.Entries[4].Hash, got.Head.Hash)
		want(t, "raised", int64(5), got.Goals[0].Raised)
		want(t, "destination", "https://boosty.to/tmoeg", got.Destinations[0].Text)
		for _, word := range []string{"order", "licence_id", "compared"} {
			if strings.Contains(string(b), `"`+word+`"`) {
				t.Errorf("it says %q", word)
			}
		}
	})
}

func TestEmptyBooks(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		b, err := w.JSON(w.ctx)
		want(t, "error", nil, err)
		for _, list := range []string{"balances", "goals", "destinations", "entries"} {
			if !strings.Contains(string(b), `"`+list+`": []`) {
				t.Errorf("no empty list of %s:\n%s", list, b)
			}
		}
		want(t, "audit", []string{}, w.audited(t))
	})
}

// A stranger checks the chain with a language that is not ours, by the words
// of the file alone.
const checker = `
import hashlib, json, sys
book = json.load(open(sys.argv[1], encoding="utf-8"))
prev = "0" * 64
for e in book["entries"]:
    assert e["prev_hash"] == prev, e["seq"]
    text = [str(e["seq"]), e["day"], e["kind"], str(e["amount"]), e["currency"], e["channel"], e["goal"], e["giver"], e["category"], e["purpose"],
        "true" if e["giver_is_payee"] else "false", str(e.get("reverses", "")), e["reason"], e["recorded_on"]]
    prev = hashlib.sha256((prev + "\n" + json.dumps(text, ensure_ascii=False, separators=(",", ":"))).encode()).hexdigest()
    assert e["hash"] == prev, e["seq"]
assert book["head"]["hash"] == prev
print(len(book["entries"]))
`

func TestAStrangerChecksTheChain(t *testing.T) {
	t.Parallel()
	python, err := exec.LookPath("python3")
	if err != nil {
		if os.Getenv("ODUVAN_TEST_REQUIRE") != "" {
			t.Fatal(err)
		}
		t.Logf("not tried without python3: %v", err)
		return
	}
	each(t, func(t *testing.T, w *world) {
		filled(t, w)
		b, err := w.JSON(w.ctx)
		want(t, "error", nil, err)
		file := filepath.Join(t.TempDir(), "fund.json")
		want(t, "error", nil, os.WriteFile(file, b, 0o600))
		out, err := exec.Command(python, "-c", checker, file).CombinedOutput()
		want(t, string(out), nil, err)
		want(t, "entries", "5\n", string(out))

		changed := bytes.Replace(b, []byte(`"amount": 150000`), []byte(`"amount": 150001`), 1)
		want(t, "error", nil, os.WriteFile(file, changed, 0o600))
		if out, err := exec.Command(python, "-c", checker, file).CombinedOutput(); err == nil {
			t.Errorf("a changed amount is not noticed: %s", out)
		}
	})
}
