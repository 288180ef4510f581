"""What makes a trained model one that others can load, judge and cite."""
