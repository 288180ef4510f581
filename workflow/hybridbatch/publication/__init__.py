"""The files with which others can load, judge and cite a trained model."""
