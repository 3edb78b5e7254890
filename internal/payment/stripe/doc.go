// Package stripe settles orders on the seller's own account at Stripe by
// direct charges: the buyer's money goes from the buyer to the seller. It
// promises that the program can make only the calls of one published table,
// that what an event says is only a hint and every fact is read from Stripe
// itself, that a payment counts only if it is exactly the frozen order's, and
// that repeats, disorder, losses and crashes end the same. It refuses to hold,
// charge, transfer or take a share of money, to send Stripe anything about a
// person, and to keep or log what Stripe tells about one.
//
// It is the only package that imports the library.
package stripe
