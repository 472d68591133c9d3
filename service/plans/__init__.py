"""Plans: the municipality's programmes as living data: their tree, their money, their stages and their progress."""
