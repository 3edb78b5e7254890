package app

import (
	"context"
	"io"
	"time"

	"github.com/tmoeg/oduvan/search/bench"
)

// MeasureSearch runs a benchmark by the clock of this machine.
func MeasureSearch(ctx context.Context, cfg bench.Config) (bench.Report, error) {
	cfg.Now = time.Now
	return bench.Run(ctx, cfg)
}

// WorkForSearch is one process of a benchmark.
func WorkForSearch(ctx context.Context, w bench.Work, in io.Reader, out io.Writer) error {
	w.Now = time.Now
	return w.Run(ctx, in, out)
}
