"""Codes of the departments and territories that have a prefecture."""

# INSEE's official geographic code; 20 became 2A and 2B in 1976. 977 and 978 share one
# prefecture (préfecture déléguée de Saint-Barthélemy et de Saint-Martin), hence one code here.
DEPARTMENTS = frozenset(
    {f"{number:02}" for number in range(1, 96) if number != 20}  # noqa: PLR2004 -- see above
    | {"2A", "2B"}
    | {"971", "972", "973", "974", "975", "976", "977-978", "986", "987", "988"}
)
