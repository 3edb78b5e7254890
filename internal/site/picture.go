package site

import (
	"bytes"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"

	"github.com/a-h/templ"
	"github.com/gin-gonic/gin"

	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/web"
)

const picturePath = "/me/profile/picture"

// uploadBytes bounds the form of a picture: 8 MiB and what stands around it.
const uploadBytes = 8<<20 + formBytes

// maxToken is more than a form's token has.
const maxToken = 200

func (s *Site) pictureForm(c *gin.Context) error {
	page, err := s.pictureView(c, problems{})
	if err != nil {
		return err
	}
	if page == nil {
		s.say(c, "info", "picture.first")
		return s.see(c, "/me/profile")
	}
	return s.show(c, 200, page)
}

// pictureView is the page, nil while there is no profile to have a picture.
func (s *Site) pictureView(c *gin.Context, bad problems) (templ.Component, error) {
	f, v, err := s.signed(c, "picture.title")
	if err != nil {
		return nil, err
	}
	own, err := s.ownProfile(c.Request.Context(), v.actor)
	if own == nil || err != nil {
		return nil, err
	}
	return web.Picture(f, web.PicturePage{Portrait: f.Viewer.Portrait, Own: own.Picture != "", Troubles: bad.Summary, Error: bad.of("picture")}), nil
}

// savePicture encodes an uploaded picture anew and shows it from now on. The
// file's own name and everything written into it end here.
func (s *Site) savePicture(c *gin.Context) error {
	if err := s.mayWrite(c); err != nil {
		return err
	}
	content, err := s.readUpload(c)
	if all := fault.All(err); err != nil && (len(all) != 1 || all[0].Field != "picture") {
		return err
	}
	if err == nil {
		err = s.takePicture(c, content)
	}
	if err == nil {
		s.say(c, "ok", "picture.saved")
		return s.see(c, picturePath)
	}
	if all := fault.All(err); len(all) == 1 && all[0].Field == "" && (all[0].Kind == fault.Invalid || all[0].Kind == fault.TooLarge) {
		mended := *all[0]
		mended.Field = "picture"
		err = &mended
	}
	return s.again(c, err, func(bad problems) (templ.Component, error) {
		page, verr := s.pictureView(c, bad)
		if page == nil && verr == nil {
			verr = err
		}
		return page, verr
	})
}

// readUpload reads the form of a picture into memory, nothing of it onto a
// disk, and only of one who is signed in; the form's token is checked last,
// since the form holds it. A form without a file has no content.
func (s *Site) readUpload(c *gin.Context) ([]byte, error) {
	v, err := s.visit(c)
	if err != nil {
		return nil, err
	}
	if v.actor.Anonymous() { // before the costly part
		return nil, fault.Of(fault.Unauthenticated, "sign_in_needed")
	}
	r := c.Request
	if c.ContentType() != "multipart/form-data" {
		return nil, s.checkForm(c)
	}
	r.Body = http.MaxBytesReader(c.Writer, r.Body, uploadBytes)
	parts, err := r.MultipartReader()
	if err != nil {
		return nil, formFault(err)
	}
	content, token, err := uploaded(parts)
	r.PostForm = url.Values{} // takes the place of what ParseForm would make
	if err = formFault(err); fault.Is(err, fault.TooLarge) {
		return nil, &fault.Error{Kind: fault.TooLarge, Code: "picture_too_large", Field: "picture"}
	}
	if err != nil {
		return nil, err
	}
	return content, s.checkToken(c, token)
}

// uploaded is the picture of a form and the form's token; other fields are
// passed over.
func uploaded(parts *multipart.Reader) (content []byte, token string, err error) {
	for {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return content, token, nil
		}
		if err != nil {
			return nil, "", err
		}
		switch part.FormName() {
		case "picture":
			content, err = io.ReadAll(part)
		case web.CSRFField:
			var b []byte
			b, err = io.ReadAll(io.LimitReader(part, maxToken))
			token = string(b)
		}
		if err != nil {
			return nil, "", err
		}
	}
}

func (s *Site) takePicture(c *gin.Context, content []byte) error {
	ctx := c.Request.Context()
	v, err := s.visit(c)
	if err != nil {
		return err
	}
	if len(content) == 0 {
		return fault.Bad("picture", "picture_missing")
	}
	picture, err := s.lane.Avatar(ctx, bytes.NewReader(content))
	if err != nil {
		return err
	}
	name, err := s.Pictures.Put(ctx, picture.Bytes, picture.Ending())
	if err != nil {
		return err
	}
	return s.Profiles.SetPicture(ctx, v.actor, name)
}

func (s *Site) removePicture(c *gin.Context) error {
	v, err := s.visit(c)
	if err != nil {
		return err
	}
	if err := s.Profiles.RemovePicture(c.Request.Context(), v.actor); err != nil {
		return err
	}
	s.say(c, "ok", "picture.removed")
	return s.see(c, picturePath)
}
