"""What Meta tells about accounts and portfolios: account_update and its events, reviews, alerts, capabilities.

Meta: account_update, account_review_update, account_alerts, business_capability_update, partner_solutions and
payment_configuration_update webhook references.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import UNSET

from simulator.payloads.parts import Instant, Maybe, MetaId, Payload, Scene, Text, Value
from simulator.state import Decision
from simulator.tiers import LIMIT_OF_TIER, Tier

Country = Annotated[str, msgspec.Meta(pattern="^[A-Z]{2}$")]
RestrictionType = Literal[
    "RESTRICTED_ADD_PHONE_NUMBER_ACTION",
    "RESTRICTED_BIZ_INITIATED_MESSAGING",
    "RESTRICTED_CUSTOMER_INITIATED_MESSAGING",
    "RESTRICTED_BUSINESS_INITIATED_CALLING",
    "RESTRICTED_USER_INITIATED_CALLING",
    "RESTRICTED_USER_INITIATED_CALLING_CALL_BUTTON_HIDDEN",
    "RESTRICTED_BIZ_INITIATED_AND_USER_INITIATED_CALLING",
    "RESTRICTED_DIRECT_SEND_UTILITY_TEMPLATES",
    "RESTRICTED_UTILITY_TEMPLATES",
]


class AccountEvent(Value, kw_only=True, tag_field="event"):
    """An `account_update`; the subclasses are its events."""


class AccountDeleted(AccountEvent, kw_only=True, tag="ACCOUNT_DELETED"):
    pass


class AccountOffboarded(AccountEvent, kw_only=True, tag="ACCOUNT_OFFBOARDED"):
    pass


class AccountReconnected(AccountEvent, kw_only=True, tag="ACCOUNT_RECONNECTED"):
    pass


class ViolationInfo(msgspec.Struct):
    violation_type: Text


class AccountViolation(AccountEvent, kw_only=True, tag="ACCOUNT_VIOLATION"):
    violation_info: ViolationInfo


class Restriction(msgspec.Struct, kw_only=True):
    """`expiration` is in Unix seconds; without it the restriction stays."""

    restriction_type: RestrictionType
    expiration: Maybe[Instant] = UNSET
    remediation: Maybe[str] = UNSET


class AccountRestriction(AccountEvent, kw_only=True, tag="ACCOUNT_RESTRICTION"):
    restriction_info: list[Restriction]


class BanInfo(msgspec.Struct):
    """`waba_ban_date` is written out in Meta's payloads, as `January 31, 2026`."""

    waba_ban_state: Literal["SCHEDULE_FOR_DISABLE", "DISABLE", "REINSTATE"]
    waba_ban_date: str


class AccountDisabled(AccountEvent, kw_only=True, tag="DISABLED_UPDATE"):
    ban_info: BanInfo


class AccountVerified(AccountEvent, kw_only=True, tag="VERIFIED_ACCOUNT"):
    phone_number: MetaId


class CountryException(msgspec.Struct):
    country_code: Country
    start_time: Instant


class InternationalRates(msgspec.Struct, kw_only=True):
    start_time: Instant
    exception_countries: Maybe[list[CountryException]] = UNSET


class AuthenticationInternational(AccountEvent, kw_only=True, tag="AUTH_INTL_PRICE_ELIGIBILITY_UPDATE"):
    auth_international_rate_eligibility: InternationalRates


class PrimaryLocation(AccountEvent, kw_only=True, tag="BUSINESS_PRIMARY_LOCATION_COUNTRY_UPDATE"):
    country: Country


class VolumeTierInfo(msgspec.Struct, kw_only=True):
    tier_update_time: Instant
    pricing_category: Literal["MARKETING", "UTILITY", "AUTHENTICATION", "AUTHENTICATION_INTERNATIONAL", "SERVICE"]
    tier: Annotated[str, msgspec.Meta(pattern=r"^[0-9]+:[0-9]*$")]
    effective_month: Annotated[str, msgspec.Meta(pattern=r"^\d{4}-\d{2}$")]
    region: Text


class VolumeTier(AccountEvent, kw_only=True, tag="VOLUME_BASED_PRICING_TIER_UPDATE"):
    volume_tier_info: VolumeTierInfo


class CertificationInfo(msgspec.Struct, kw_only=True):
    client_business_id: MetaId
    status: Literal["APPROVED", "DISCARDED", "FAILED", "PENDING", "REVOKED"]
    rejection_reasons: Maybe[list[str]] = UNSET


class PartnerEvent(AccountEvent, kw_only=True):
    """About an account between portfolios: the entry has the id of the portfolio, the account is in the value."""

    def entry_id(self, scene: Scene) -> str:
        return scene.waba.business_id

    def payload(self, scene: Scene) -> Payload:
        own = self.own()
        about = {"waba_id": scene.waba.id, "owner_business_id": scene.waba.business_id}
        return {**own, "waba_info": {**about, **own.get("waba_info", {})}}


class PartnerInfo(msgspec.Struct, kw_only=True):
    solution_id: Maybe[MetaId] = UNSET
    solution_partner_business_ids: Maybe[list[MetaId]] = UNSET


class PartnerAdded(PartnerEvent, kw_only=True, tag="PARTNER_ADDED"):
    waba_info: Maybe[PartnerInfo] = UNSET


class DisconnectionInfo(msgspec.Struct):
    reason: Literal[
        "ACCOUNT_DISCONNECTED",
        "BUSINESS_DOWNGRADE",
        "CHANGE_NUMBER",
        "COMPANION_INACTIVITY",
        "PRIMARY_INACTIVITY",
        "USER_RE_REGISTERED",
    ]
    initiated_by: Literal["SYSTEM", "USER"]


class PartnerRemoved(PartnerEvent, kw_only=True, tag="PARTNER_REMOVED"):
    disconnection_info: Maybe[DisconnectionInfo] = UNSET


class InstalledInfo(PartnerInfo, kw_only=True):
    partner_app_id: MetaId


class PartnerAppInstalled(PartnerEvent, kw_only=True, tag="PARTNER_APP_INSTALLED"):
    waba_info: InstalledInfo


class PartnerAppUninstalled(PartnerEvent, kw_only=True, tag="PARTNER_APP_UNINSTALLED"):
    waba_info: InstalledInfo


class PartnerCertification(AccountEvent, kw_only=True, tag="PARTNER_CLIENT_CERTIFICATION_STATUS_UPDATE"):
    partner_client_certification_info: CertificationInfo

    def entry_id(self, scene: Scene) -> str:
        return scene.waba.business_id


class LinkedInfo(msgspec.Struct):
    ad_account_linked: MetaId


class AdAccountLinked(PartnerEvent, kw_only=True, tag="AD_ACCOUNT_LINKED"):
    waba_info: LinkedInfo


class MarketingTermsSigned(PartnerEvent, kw_only=True, tag="MM_LITE_TERMS_SIGNED"):
    pass


AccountUpdate = (
    AccountDeleted
    | AccountOffboarded
    | AccountReconnected
    | AccountViolation
    | AccountRestriction
    | AccountDisabled
    | AccountVerified
    | AuthenticationInternational
    | PrimaryLocation
    | VolumeTier
    | PartnerAdded
    | PartnerRemoved
    | PartnerAppInstalled
    | PartnerAppUninstalled
    | PartnerCertification
    | AdAccountLinked
    | MarketingTermsSigned
)


class AccountReview(Value, kw_only=True):
    decision: Decision


class AlertInfo(msgspec.Struct, kw_only=True):
    alert_severity: Literal["CRITICAL", "WARNING", "INFORMATIONAL"]
    alert_status: Literal["ACTIVE", "NONE"]
    alert_type: Text
    alert_description: str


class AccountAlert(Value, kw_only=True):
    entity_type: Text
    entity_id: Text
    alert_info: AlertInfo


class BusinessCapability(Value, kw_only=True):
    """The messaging limit as Meta's example has it, a number (-1: unlimited), or as its table has it, a tier."""

    max_daily_conversations_per_business: Maybe[int | Tier] = UNSET
    max_phone_numbers_per_business: Maybe[int] = UNSET
    max_phone_numbers_per_waba: Maybe[int] = UNSET

    def payload(self, scene: Scene) -> Payload:
        own, limit = self.own(), self.max_daily_conversations_per_business
        if scene.old and limit is not UNSET:
            own["max_daily_conversation_per_phone"] = limit if isinstance(limit, int) else tier_size(limit)
        return own


class PartnerSolution(Value, kw_only=True):
    event: Literal["SOLUTION_CREATED", "SOLUTION_UPDATED"]
    solution_id: MetaId
    solution_status: Literal[
        "ACTIVE", "DEACTIVATED", "DRAFT", "INITIATED", "PENDING", "PENDING_DEACTIVATION", "REJECTED"
    ]

    def entry_id(self, scene: Scene) -> str:
        return scene.waba.business_id


class PaymentConfiguration(Value, kw_only=True):
    """Payments in India."""

    configuration_name: Text
    provider_name: Literal["razorpay", "payu", "zaakpay", "billdesk"]
    provider_mid: Text
    status: Literal["Active", "Needs Connecting", "Needs Testing"]
    created_timestamp: Instant
    updated_timestamp: Instant


def tier_size(tier: Tier) -> int:
    """How many people a day a tier allows; -1 for as many as one likes."""
    limit = LIMIT_OF_TIER[tier]
    return -1 if limit is None else limit
