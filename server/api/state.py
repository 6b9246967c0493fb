"""What the routes find on the application: the services, put there by its lifespan."""

from starlette.requests import Request

from server.services.bundle import Services


def services(request: Request) -> Services:
    """The use cases. Routes call these and nothing below them."""
    found: Services = request.scope["app"].state.services
    return found
