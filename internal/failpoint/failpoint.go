// Package failpoint marks the places where a crash hurts most, so that tests
// can crash there. It promises that a program built without the tag
// "failpoints" pays nothing for them: Hit is then an empty function that the
// compiler removes. It refuses names that are not listed here: a test walks
// the list and demands that every point is reached.
//
// With the tag a point is armed by Enable or Set in the same process, or by
// the environment for a subprocess:
//
//	ODUVAN_FAILPOINTS="db.before_commit=kill;job.after_work=error@3"
package failpoint

import "errors"

// Environment is the variable that arms points in a program built with the tag.
const Environment = "ODUVAN_FAILPOINTS"

// Name is the stable name of a point: the package, a dot, the place.
type Name string

// The points. A new one is a constant here and a row in Names.
const (
	DBBeforeCommit Name = "db.before_commit" // all rows are written, nothing is durable
	DBAfterCommit  Name = "db.after_commit"  // durable, and the caller has not heard of it
	JobBeforeWork  Name = "job.before_work"  // a job is taken and its work has not begun
	JobAfterWork   Name = "job.after_work"   // the work is done and the job is not marked done
	IndexAfterSave Name = "index.after_save" // documents are in the search index, its cursor is not moved

	PaymentAfterEntry Name = "payment.after_entry" // the journal has an entry, the order does not know of it
	PaymentAfterStep  Name = "payment.after_step"  // the order has a new state, its goods do not know of it

	StripeAfterInbox Name = "stripe.after_inbox" // an event is durable, Stripe has not heard so
	StripeAfterLook  Name = "stripe.after_look"  // Stripe has answered, no order has heard of it
	StripeAfterLearn Name = "stripe.after_learn" // an order knows, the event that told is not done
)

// Names lists every point in a stable order.
func Names() []Name {
	return []Name{DBBeforeCommit, DBAfterCommit, JobBeforeWork, JobAfterWork, IndexAfterSave, PaymentAfterEntry, PaymentAfterStep,
		StripeAfterInbox, StripeAfterLook, StripeAfterLearn}
}

// ErrInjected is what Hit returns at a point armed with Error. It is no fault,
// so the program must treat it as it treats any unknown trouble.
var ErrInjected = errors.New("failpoint: injected error")
