"""The frozen backbone, the heads on top of it, their versions, and the detector that runs them."""
