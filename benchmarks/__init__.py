"""What gameday costs and what it promises, measured. Not part of the package."""
