// Package world is a stand-in for Stripe with a memory: what a platform with
// Connect direct charges can ask Stripe for, what buyers, sellers and banks do
// there, and the events that it sends. It promises that every call first passes
// stripe-mock's reading of Stripe's own API description, and that it is as
// unfriendly as the real thing: events come twice, late, out of order or never,
// and some calls fail before or after they took effect, all from one seed. It
// refuses to guess: whatever it does not simulate, a path or a field, gets 501.
//
// It is for tests and for trying a branch out. It holds no real money or people.
package world
