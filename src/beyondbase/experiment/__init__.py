"""A whole experiment from one TOML: trainings over seeds, samples on several problem sets, results, one report.

spec, reading, arms: the TOML, read and checked      folders: where everything lies
units, state: the work, and what of it is done       tasks: how a unit is done
workers, runner: processes that do what is missing   foresight: what it would take
"""
