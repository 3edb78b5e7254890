package web

// SettingsPage is everything about the account itself.
type SettingsPage struct {
	Handle   string
	Troubles []Trouble
	Waiting  bool // a new recovery code waits to be saved
	Passkeys []KeyRow
	Held     string // until when passkeys cannot be changed, formatted; empty: they can
	Add      Ceremony
	Tokens   []KeyRow
	Token    Field  // name of a new token
	Secret   string // of the token just made, shown this once; empty: none
}

// KeyRow is a passkey or a token.
type KeyRow struct {
	ID    string
	Name  string
	Added string // date
	Ends  string // date; empty: never
	Used  string // date; empty: not yet
}
