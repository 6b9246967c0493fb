"""The tenant's feed, and the workers' heartbeats."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Text, func
from sqlalchemy.dialects.postgresql.base import ischema_names
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import UserDefinedType

from server.models.base import Base


class Xid8(UserDefinedType[str]):
    """PostgreSQL's 64-bit transaction id."""

    cache_ok = True

    def get_col_spec(self, **_kw: Any) -> str:
        return "XID8"


ischema_names["xid8"] = Xid8


class Event(Base):
    """Something that happened in a workspace, for its applications."""

    __tablename__ = "events"

    workspace_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    xid: Mapped[str] = mapped_column(Xid8, primary_key=True, server_default=func.pg_current_xact_id())
    type: Mapped[str] = mapped_column(Text)
    subject_id: Mapped[UUID]
    data: Mapped[dict[str, Any]]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class WorkerHeartbeat(Base):
    """A worker that runs, and when it last said so."""

    __tablename__ = "worker_heartbeats"

    worker_id: Mapped[UUID] = mapped_column(primary_key=True)
    role: Mapped[str]
    host: Mapped[str]
    pid: Mapped[int]
    started_at: Mapped[datetime]
    beat_at: Mapped[datetime]
    state: Mapped[str]
