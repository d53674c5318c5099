// What a page tells the frame around it: whether its first data is on screen.

class Frame {
  ready = $state(false);
}

export const frame = new Frame();
