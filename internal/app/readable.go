package app

import (
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/gin-gonic/gin"
)

// readable keeps NUL and broken UTF-8 in addresses away from the features: no
// thing has such a name, and such words of a query are dropped. The API
// refuses them by itself.
func (a *App) readable(c *gin.Context) {
	u := c.Request.URL
	if strings.HasPrefix(u.Path, "/api/") {
		return
	}
	if !isText(u.Path) {
		a.missing(http.StatusNotFound)(c)
		c.Abort()
		return
	}
	if !isText(u.RawQuery) || strings.Contains(u.RawQuery, "%") {
		u.RawQuery = textOnly(u.Query(), u.RawQuery)
	}
}

// textOnly is a query without values that are no text; a query of texts stays
// as it came.
func textOnly(values url.Values, raw string) string {
	changed := false
	for key, list := range values {
		for i, v := range list {
			if !isText(v) {
				list[i], changed = strings.ReplaceAll(strings.ToValidUTF8(v, ""), "\x00", ""), true
			}
		}
		if !isText(key) {
			delete(values, key)
			changed = true
		}
	}
	if !changed && isText(raw) {
		return raw
	}
	return values.Encode()
}

func isText(s string) bool { return utf8.ValidString(s) && strings.IndexByte(s, 0) < 0 }
