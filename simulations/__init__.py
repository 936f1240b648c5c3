"""The simulation study behind the band, the crossover, the verdict and the solvability table."""
