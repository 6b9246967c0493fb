"""All that knows Meta: the renderer, the parser, signatures, errors and the HTTP client."""
