//! A white picture that takes rectangles, lines and words.

use super::glyphs;

/// Red, green, blue.
pub type Colour = [u8; 3];

/// Pixels in rows from the top.
pub struct Canvas {
    width: usize,
    height: usize,
    pixels: Vec<u8>,
}

impl Canvas {
    /// All white.
    pub fn new(width: usize, height: usize) -> Self {
        Canvas { width, height, pixels: vec![0xff; width * height * 3] }
    }

    /// Paints a rectangle; the second corner is outside it. What lies beyond the edge is not drawn.
    pub fn fill(&mut self, (left, top): (usize, usize), (right, bottom): (usize, usize), colour: Colour) {
        for y in top..bottom.min(self.height) {
            for x in left..right.min(self.width) {
                let at = (y * self.width + x) * 3;
                if let Some(pixel) = self.pixels.get_mut(at..at + 3) {
                    pixel.copy_from_slice(&colour);
                }
            }
        }
    }

    /// Words in capitals and digits; the first letter's upper left corner is at `(x, y)`.
    pub fn text(&mut self, (x, y): (usize, usize), words: &str, colour: Colour) {
        for (n, letter) in words.chars().enumerate() {
            let left = x + n * glyphs::ADVANCE;
            for (row, bits) in glyphs::of(letter).iter().enumerate() {
                for column in (0..glyphs::WIDTH).filter(|c| bits & (1 << (glyphs::WIDTH - 1 - c)) != 0) {
                    self.fill((left + column, y + row), (left + column + 1, y + row + 1), colour);
                }
            }
        }
    }

    /// The picture as a file.
    pub fn png(&self) -> Option<Vec<u8>> {
        let mut file = Vec::new();
        let mut encoder = png::Encoder::new(&mut file, self.width as u32, self.height as u32);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        // Writing to memory fails only for sizes that a canvas of ours never has.
        encoder.write_header().ok()?.write_image_data(&self.pixels).ok()?;
        Some(file)
    }
}
