"""Did RLVR expand what a model can solve, or sharpen what its base already could?"""
