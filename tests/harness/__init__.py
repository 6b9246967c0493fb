"""What makes trouble for the product from outside: a network that fails, a nemesis with a plan, a customer's endpoint.

For every test that needs it. Only `proxied` knows anything of the product: where its embedded servers listen.
"""
