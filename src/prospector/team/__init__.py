"""Who we are: users, how they sign in, who covers for whom, and how word reaches them."""
