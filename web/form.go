package web

// Field is one input of a form with its words. ID is made from Name when empty.
type Field struct {
	Name     string
	ID       string
	Label    string
	Hint     string
	Error    string // in words, shown under the field and told by aria-describedby
	Value    string
	Type     string // text, password, url, number, date…; empty: text
	Required bool
	ReadOnly bool
	Max      int    // characters; 0: no bound
	Rows     int    // of a text area; 0: 6
	Pattern  string // HTML pattern, empty: none
	Complete string // autocomplete, empty: off
	Mode     string // inputmode: numeric, url…; empty: by type
	Holder   string // placeholder: an example, never the label
	Preview  string // address that renders Markdown, for a text area with a preview; empty: none
}

// Choice is one value of a select, a group of checks or radios.
type Choice struct {
	Value    string
	Label    string
	Lang     string // language of the label if it is not the page's
	Hint     string
	Selected bool
	Disabled bool
}

// MoneyField is an amount with its currency.
type MoneyField struct {
	Label      string
	Hint       string
	Error      string
	Amount     Field    // name and value as typed
	Currency   string   // name of the currency's input
	Currencies []Choice // value: ISO 4217, label: what is shown
}

// Trouble is one line of the summary above a form that was refused.
type Trouble struct {
	Field string // id of the field it is about; empty: the whole form
	Text  string
}

// TabLink is one of several views of the same thing.
type TabLink struct {
	Label   string
	URL     string
	Count   int
	Current bool
}

// Grid is a table of words: headings and rows of equal length.
type Grid struct {
	Caption string
	Heads   []string
	Rows    [][]string
	Cards   bool // on a phone each row is a card with the heads as labels
}

// head is the head over the n-th cell of a row.
func (g Grid) head(n int) string {
	if n >= len(g.Heads) {
		return ""
	}
	return g.Heads[n]
}

// Empty is what stands where nothing is yet: words and the next step.
type Empty struct {
	Title  string
	Text   string
	Action Link // no button when its URL is empty
}

func (d Field) id() string {
	if d.ID != "" {
		return d.ID
	}
	return "f-" + d.Name
}

func (d Field) kind() string {
	if d.Type == "" {
		return "text"
	}
	return d.Type
}

func (d Field) complete() string {
	if d.Complete == "" {
		return "off"
	}
	return d.Complete
}

func (d Field) rows() int {
	if d.Rows == 0 {
		return 6
	}
	return d.Rows
}

// told is the value of aria-describedby: the ids of hint and error.
func (d Field) told() string {
	return described(d.id(), d.Hint, d.Error)
}

func described(id, hint, problem string) string {
	switch {
	case hint != "" && problem != "":
		return id + "-hint " + id + "-error"
	case hint != "":
		return id + "-hint"
	case problem != "":
		return id + "-error"
	}
	return ""
}

// noticeRole says how urgently a reader is told: errors interrupt.
func noticeRole(kind string) string {
	if kind == "error" {
		return "alert"
	}
	return "status"
}

func noticeIcon(kind string) string {
	switch kind {
	case "ok":
		return "check"
	case "warn", "error":
		return "warn"
	}
	return "info"
}
