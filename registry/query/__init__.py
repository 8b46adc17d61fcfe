"""What every stored query is made of, whichever transaction asks it: ITI-18 and ITI-51.

Spec: ITI TF-2 §3.18, §3.51.

    table.py       what a row of the catalogue is
    catalogue.py   every stored query and its parameters, as rows
    values.py      one rim:Value -> values
    identity.py    whether a patient identifier can be anybody's
    conditions.py  values -> a condition, by the form of the parameter
    parameters.py  slots -> conditions, by the rows; every fault of a query at once
    recipes.py     which objects a query returns, beyond those that it selects
    ask.py         the story
"""
