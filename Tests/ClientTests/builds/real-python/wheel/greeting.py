def of(what):
    return f"hello from {what}"
