"""How amounts are said: one image, two images."""


def amount(number: float, what: str, how: str = "") -> str:
    """Write a number and what it counts, which is one thing where the number is one.

    Parameters
    ----------
    number : how many.
    what : one of them; its plural ends in s, or in es after an s.
    how : the number's format.

    Examples
    --------
    >>> amount(1, "image"), amount(1200, "partial scan", ","), amount(0, "class")
    ('1 image', '1,200 partial scans', '0 classes')
    """
    several = f"{what}es" if what.endswith("s") else f"{what}s"
    return f"{number:{how}} {what if number == 1 else several}"


def are(number: float) -> str:
    """Return the verb that goes with an amount.

    Examples
    --------
    >>> are(1), are(2)
    ('is', 'are')
    """
    return "is" if number == 1 else "are"
