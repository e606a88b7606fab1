"""Images: WCS, homographies, masks, noise, backgrounds, Fourier transforms, resampling."""
