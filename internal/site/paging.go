package site

import (
	"github.com/tmoeg/oduvan/web"
)

// maxPage is how many pages of a search can be opened, so that no address asks
// the index to order all there is.
const maxPage = 400

// lastPage is the last page that can be opened of so many things, from 1.
func lastPage(total int) int {
	return min(max((total+perPage-1)/perPage, 1), maxPage)
}

// paging puts the ways to other pages on a search: the neighbours, the first
// and the last, and a word about what no page can reach.
func paging(p *web.SearchPage, a asked) {
	p.Last = lastPage(p.Total)
	if p.Total > maxPage*perPage {
		p.Reach = maxPage * perPage
	}
	if a.page > 1 {
		p.PrevURL = a.paged(a.page - 1)
	}
	if a.page < p.Last {
		p.NextURL = a.paged(a.page + 1)
	}
	for _, n := range around(a.page, p.Last) {
		one := web.PageLink{Number: n}
		if n != 0 {
			one.URL = a.paged(n)
		}
		p.Pages = append(p.Pages, one)
	}
}

// around are the numbers shown on a page: the first, the last, this one with
// its neighbours; 0 stands for two and more that are left out. One page has no
// numbers.
func around(page, last int) []int {
	if last < 2 {
		return nil
	}
	var out []int
	before := 0
	for n := 1; n <= last; n++ {
		if n != 1 && n != last && (n < page-1 || n > page+1) {
			continue
		}
		switch n - before {
		case 1:
		case 2: // a gap would take the same place
			out = append(out, n-1)
		default:
			out = append(out, 0)
		}
		out, before = append(out, n), n
	}
	return out
}
