package openbistest

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
)

// scene is a field of view under the microscope: round, bright cells on a dark, noisy ground, that drift and grow
// a little from one page to the next.
type scene struct {
	width, height int
	cells         []cell
	seed          uint64
}

type cell struct{ x, y, radius, dx, dy, peak int }

// newScene puts n cells somewhere.
func newScene(width, height, n int, seed uint64) *scene {
	s := &scene{width: width, height: height, seed: seed}
	for i := range n {
		r := splitmix(seed<<16 + uint64(i))
		within := func(lo, hi int) int { // from the next 10 bits
			v := lo + int(r&1023)*(hi-lo)/1024
			r >>= 10
			return v
		}
		s.cells = append(s.cells, cell{
			x: within(0, width), y: within(0, height), radius: within(width/24, width/9),
			dx: within(-3, 4), dy: within(-3, 4), peak: within(9000, 42000),
		})
	}
	return s
}

// page returns the 16-bit intensities of a page, row by row.
func (s *scene) page(page int) []uint16 {
	pixels := make([]uint16, s.width*s.height)
	noise := s.seed<<32 + uint64(page)
	for i := range pixels {
		noise = noise*6364136223846793005 + 1442695040888963407 // Knuth's linear congruential generator
		pixels[i] = uint16(620 + noise>>56)
	}
	for _, c := range s.cells {
		c.x, c.y, c.radius = c.x+page*c.dx, c.y+page*c.dy, c.radius+page/2
		c.paint(pixels, s.width, s.height)
	}
	return pixels
}

// paint adds the light of a cell: most in the middle, none at the rim.
func (c cell) paint(pixels []uint16, width, height int) {
	rr := c.radius * c.radius
	for y := max(c.y-c.radius, 0); y < min(c.y+c.radius, height); y++ {
		row := pixels[y*width : (y+1)*width]
		for x := max(c.x-c.radius, 0); x < min(c.x+c.radius, width); x++ {
			if d := (x-c.x)*(x-c.x) + (y-c.y)*(y-c.y); d < rr {
				row[x] = uint16(min(int(row[x])+c.peak-c.peak*d/rr, 65535))
			}
		}
	}
}

// stack returns the scene as a 16-bit TIFF.
func (s *scene) stack(pages int, description string) Content {
	return tiffStack(s.width, s.height, pages, description, s.page)
}

// preview returns the first page as a PNG, coloured like a fluorophore that shows in tint.
func (s *scene) preview(tint color.RGBA) Content {
	return Lazy(func() []byte {
		img := image.NewPaletted(image.Rect(0, 0, s.width, s.height), shades(tint))
		for i, v := range s.page(0) {
			img.Pix[i] = uint8(min(v/128, 255))
		}
		var b bytes.Buffer
		encoder := png.Encoder{CompressionLevel: png.BestSpeed}
		if err := encoder.Encode(&b, img); err != nil {
			panic(err) // a bytes.Buffer takes everything
		}
		return b.Bytes()
	})
}

// shades are 256 colours from black to tint.
func shades(tint color.RGBA) color.Palette {
	p := make(color.Palette, 256)
	for v := range p {
		p[v] = color.RGBA{uint8(int(tint.R) * v / 255), uint8(int(tint.G) * v / 255), uint8(int(tint.B) * v / 255), 255}
	}
	return p
}

// Colours of fluorophores.
var (
	blue  = color.RGBA{70, 120, 255, 255} // DAPI
	green = color.RGBA{60, 255, 90, 255}  // GFP
	red   = color.RGBA{255, 70, 60, 255}  // mCherry
	grey  = color.RGBA{255, 255, 255, 255}
)
