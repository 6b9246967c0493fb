"""The Graph API as a WhatsApp business sees it: paths, tokens, answers and errors of Meta's shapes."""
