package site

import (
	"github.com/a-h/templ"
	"github.com/gin-gonic/gin"

	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/web"
)

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
	err := s.takePicture(c)
	if err == nil {
		s.say(c, "ok", "picture.saved")
		return s.see(c, "/me/profile/picture")
	}
	if all := fault.All(err); len(all) == 1 && all[0].Field == "" && (all[0].Kind == fault.Invalid || all[0].Kind == fault.TooLarge) {
		mended := *all[0]
		mended.Kind, mended.Field = fault.Invalid, "picture"
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

func (s *Site) takePicture(c *gin.Context) error {
	ctx := c.Request.Context()
	v, err := s.visit(c)
	if err != nil {
		return err
	}
	if v.actor.Anonymous() { // before the costly part
		return fault.Of(fault.Unauthenticated, "sign_in_needed")
	}
	file, _, err := c.Request.FormFile("picture")
	if err != nil {
		return fault.Bad("picture", "picture_missing")
	}
	defer func() { _ = file.Close() }() // it is only read
	picture, err := s.lane.Avatar(ctx, file)
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
	return s.see(c, "/me/profile/picture")
}
