"""The trusted side: takes in, keeps, gives out.

Workers import ``gateway.custody`` through this package, so it must stay empty: no Flask, no settings.
"""
