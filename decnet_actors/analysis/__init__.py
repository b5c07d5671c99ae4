"""Analyses: what the facts say of attackers, identities and campaigns, as pure folds that follow the journal."""
