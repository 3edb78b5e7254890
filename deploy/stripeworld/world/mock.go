package world

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"

	"github.com/stripe/stripe-mock/embedded"
	"github.com/stripe/stripe-mock/server"
)

// APIVersion is the version of Stripe's API that the world speaks.
const APIVersion = "2023-10-16"

// Mock is stripe-mock's reading of Stripe's API description: it knows every
// path, field and enumeration and remembers nothing. Worlds may share one.
type Mock struct{ stub *server.StubServer }

// LoadMock reads the description, which takes about a second.
func LoadMock() (*Mock, error) {
	spec, err := server.LoadSpec(embedded.OpenAPISpec, "")
	if err != nil {
		return nil, err
	}
	fixtures, err := server.LoadFixtures(embedded.OpenAPIFixtures, "")
	if err != nil {
		return nil, err
	}
	stub, err := server.NewStubServer(fixtures, spec, true, false)
	if err != nil {
		return nil, err
	}
	return &Mock{stub}, nil
}

// check passes a call through and gives the answer; anything but 200 is a refusal.
func (m *Mock) check(r *http.Request, body []byte) (res *httptest.ResponseRecorder) {
	res = httptest.NewRecorder()
	defer func() {
		if p := recover(); p != nil { // it trusts its callers more than we do
			res = httptest.NewRecorder()
			res.WriteHeader(http.StatusBadRequest)
			fmt.Fprintf(res, `{"error":{"type":"invalid_request_error","message":"unreadable parameters"}}`)
		}
	}()
	again := r.Clone(r.Context())
	again.Body, again.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	m.stub.HandleRequest(res, again)
	return res
}
