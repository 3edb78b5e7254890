package site_test

import (
	"bufio"
	"bytes"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/tmoeg/oduvan/internal/apptest"
)

// posted is a multipart form with a file of a size.
func posted(t *testing.T, w *apptest.World, path, token string, size int) *http.Request {
	t.Helper()
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	_ = m.WriteField("csrf", token)
	part, err := m.CreateFormFile("picture", "a.png")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := part.Write(bytes.Repeat([]byte{7}, size)); err != nil {
		t.Fatal(err)
	}
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequest(http.MethodPost, w.URL+path, &b)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", m.FormDataContentType())
	return req
}

// TestNoUploadTouchesADisk is alone in changing the environment, so it is not
// parallel.
func TestNoUploadTouchesADisk(t *testing.T) { //nolint:paralleltest // TMPDIR belongs to the process
	w := apptest.New(t)
	ada := w.Person("ada")
	ada.Profile(nil).Is(http.StatusOK)
	spool := t.TempDir()
	t.Setenv("TMPDIR", spool)
	token := ada.CSRF()
	for _, x := range []struct {
		path, token string
		size, want  int
	}{
		{"/me/profile/picture", token, 3 << 20, http.StatusUnprocessableEntity},
		{"/me/profile/picture", "wrong", 3 << 20, http.StatusForbidden},
		{"/me/profile/picture", token, 9 << 20, http.StatusRequestEntityTooLarge},
		{"/login", token, 3 << 20, 0},
		{"/me/profile", token, 20 << 10, http.StatusUnprocessableEntity},
	} {
		p := ada.Do(posted(t, w, x.path, x.token, x.size))
		if x.want != 0 {
			p.Is(x.want)
		} else if p.Status < 400 {
			t.Errorf("%s took a file: %d", x.path, p.Status)
		}
	}
	get := posted(t, w, "/signup", token, 3<<20)
	get.Method = http.MethodGet
	w.Visitor().Do(get)
	left, err := os.ReadDir(spool)
	if err != nil || len(left) > 0 {
		t.Errorf("left in the folder for temporary files: %v, %v", left, err)
	}
}

// TestAStrangersUploadIsNotRead announces a picture and sends none of it.
func TestAStrangersUploadIsNotRead(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	conn, err := net.Dial("tcp", strings.TrimPrefix(w.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_, err = io.WriteString(conn, "POST /me/profile/picture HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5000000\r\n"+
		"Content-Type: multipart/form-data; boundary=x\r\n\r\n--x")
	if err != nil {
		t.Fatal(err)
	}
	if err := conn.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusUnauthorized {
		t.Errorf("got %d", res.StatusCode)
	}
}
