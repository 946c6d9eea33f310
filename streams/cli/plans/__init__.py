"""What `linkgauge plan` is made of: parameters, the claim, the matrix, their difference."""
