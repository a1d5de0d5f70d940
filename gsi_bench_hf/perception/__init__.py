"""What looks at an image: detectors and judges."""
