package bleve

// HeldPostings is how many decoded postings an engine keeps at this moment.
func HeldPostings(e *Engine) int {
	p := e.live.postings
	p.mu.RLock()
	defer p.mu.RUnlock()
	return len(p.held)
}
