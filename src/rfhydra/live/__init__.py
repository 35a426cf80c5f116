"""From a live source to tracks: windows, detection, tracking, measurements and outputs."""
