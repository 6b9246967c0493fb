"""One example of every webhook that the simulator can tell, as arguments for its builders.

`messages` by the type of message or status, everything else by field and variant. The ids and names are made up.
"""

from typing import Any

MEDIA = {"id": "1000000000000001", "mime_type": "image/jpeg", "sha256": "c2hhMjU2"}
TEMPLATE = {
    "message_template_id": 1000000000000002,
    "message_template_name": "order_sent",
    "message_template_language": "en",
}
CODE = {"code": 131051}

CONTENTS: dict[str, dict[str, Any]] = {
    "text": {"type": "text", "text": {"body": "Hello"}},
    "image": {"type": "image", "image": {**MEDIA, "caption": "A house"}},
    "image+url": {"type": "image", "image": {**MEDIA, "url": "https://media.example/1"}},
    "video": {"type": "video", "video": {**MEDIA, "mime_type": "video/mp4", "caption": "A street"}},
    "audio": {"type": "audio", "audio": {**MEDIA, "mime_type": "audio/ogg; codecs=opus", "voice": True}},
    "document": {"type": "document", "document": {**MEDIA, "mime_type": "application/pdf", "filename": "a.pdf"}},
    "sticker": {"type": "sticker", "sticker": {**MEDIA, "mime_type": "image/webp", "animated": False}},
    "location": {
        "type": "location",
        "location": {
            "latitude": 52.5,
            "longitude": 13.4,
            "name": "Cafe",
            "address": "Street 1",
            "url": "https://cafe.example",
        },
    },
    "contacts": {
        "type": "contacts",
        "contacts": [
            {
                "name": {"formatted_name": "Bob B", "first_name": "Bob", "last_name": "B"},
                "phones": [{"phone": "+1 555 010 0002", "wa_id": "15550100002", "type": "WORK"}],
                "emails": [{"email": "bob@shop.example", "type": "WORK"}],
                "urls": [{"url": "https://shop.example", "type": "WORK"}],
                "addresses": [{"street": "Street 1", "city": "Town", "country_code": "us", "type": "HOME"}],
                "org": {"company": "Shop", "department": "Sales", "title": "Clerk"},
                "birthday": "1990-01-01",
            }
        ],
    },
    "contacts+origin": {
        "type": "contacts",
        "origin": "contact_request",
        "contacts": [{"vcard": "BEGIN:VCARD", "phones": [{"phone": "+15550100001"}]}],
    },
    "reaction": {"type": "reaction", "reaction": {"message_id": "wamid.A", "emoji": "👍"}},
    "reaction-removed": {"type": "reaction", "reaction": {"message_id": "wamid.A"}},
    "interactive.button_reply": {
        "type": "interactive",
        "interactive": {"type": "button_reply", "button_reply": {"id": "yes", "title": "Yes"}},
    },
    "interactive.list_reply": {
        "type": "interactive",
        "interactive": {"type": "list_reply", "list_reply": {"id": "1", "title": "One", "description": "First"}},
    },
    "interactive.nfm_reply": {
        "type": "interactive",
        "interactive": {"type": "nfm_reply", "nfm_reply": {"response_json": '{"flow_token":"t"}'}},
    },
    "interactive.call_permission_reply": {
        "type": "interactive",
        "interactive": {
            "type": "call_permission_reply",
            "call_permission_reply": {"response": "accept", "expiration_timestamp": 1790000000, "is_permanent": False},
        },
    },
    "button": {"type": "button", "button": {"text": "Yes", "payload": "yes-1"}},
    "order": {
        "type": "order",
        "order": {
            "catalog_id": "1000000000000003",
            "text": "",
            "product_items": [{"product_retailer_id": "A1", "quantity": 2, "item_price": 30, "currency": "USD"}],
        },
    },
    "system.user_changed_number": {
        "type": "system",
        "system": {"type": "user_changed_number", "body": "User Ann changed", "wa_id": "15550100009"},
    },
    "system.user_changed_user_id": {
        "type": "system",
        "system": {
            "type": "user_changed_user_id",
            "body": "User Ann changed",
            "wa_id": "15550100009",
            "user_id": "US.100000000000000000",
        },
    },
    "system.customer_identity_changed": {
        "type": "system",
        "system": {"type": "customer_identity_changed", "body": "User Ann may have changed", "identity": "abc123"},
    },
    "edit": {
        "type": "edit",
        "edit": {"original_message_id": "wamid.A", "message": {"type": "image", "image": {**MEDIA, "caption": "New"}}},
    },
    "revoke": {"type": "revoke", "revoke": {"original_message_id": "wamid.A"}},
    "unsupported": {"type": "unsupported"},
    "unsupported+type": {"type": "unsupported", "unsupported": {"type": "poll"}},
}

REFERRAL = {
    "source_url": "https://ad.example/1",
    "source_id": "1000000000000004",
    "source_type": "ad",
    "body": "Summer is here",
    "headline": "Chat with us",
    "media_type": "image",
    "image_url": "https://ad.example/1.jpg",
    "ctwa_clid": "clid-1",
    "welcome_message": {"text": "Hello"},
}
PRODUCT = {"catalog_id": "1000000000000003", "product_retailer_id": "A1"}

STATUSES = ("sent", "delivered", "read", "failed", "played", "deleted", "warning")

PARTNER = {"solution_id": "1000000000000005", "solution_partner_business_ids": ["1000000000000006"]}
APP = {"partner_app_id": "100000000000001"}
ALERT = {"alert_state": "ACTIVATED", "threshold": 10, "flow_id": "1000000000000007", "message": "It rose"}
RATE = {**ALERT, "error_rate": 14.3, "errors": [{"error_type": "TIMEOUT", "error_rate": 14.3, "error_count": 2}]}
STORED = {"id": "1000000000000008", "sha256": "c2hhMjU2", "mime_type": "audio/ogg", "url": "https://media.example/2"}
GROUP = {"group_id": "Z3JvdXA", "request_id": "R1"}
PEOPLE = [{"input": "15550100001", "wa_id": "15550100001"}]
ECHO = {"from": "15550100000", "to": "15550100001", "id": "wamid.B", "timestamp": "1790000000"}
CONTACT = {"profile": {"name": "Ann"}, "wa_id": "15550100001", "user_id": "US.1"}
CALL = {"id": "wacid.A", "from": "15550100001", "to": "15550100000", "contacts": [CONTACT]}

# field, variant: arguments
FIELDS: dict[tuple[str, str], dict[str, Any]] = {
    ("account_alerts", ""): {
        "entity_type": "PHONE_NUMBER",
        "entity_id": "300000000000003",
        "alert_info": {
            "alert_severity": "INFORMATIONAL",
            "alert_status": "NONE",
            "alert_type": "OBA_APPROVED",
            "alert_description": "Approved",
        },
    },
    ("account_review_update", ""): {"decision": "APPROVED"},
    ("account_settings_update", ""): {
        "calling": {
            "status": "ENABLED",
            "call_icon_visibility": "DEFAULT",
            "callback_permission_status": "ENABLED",
            "call_hours": {
                "status": "ENABLED",
                "timezone_id": "Europe/Berlin",
                "weekly_operating_hours": [{"day_of_week": "MONDAY", "open_time": "0900", "close_time": "1700"}],
                "holiday_schedule": [{"date": "2026-01-01", "start_time": "0000", "end_time": "2359"}],
            },
            "sip": {"status": "ENABLED", "servers": [{"hostname": "sip.example", "port": 5061}]},
        }
    },
    ("account_update", "ACCOUNT_DELETED"): {"event": "ACCOUNT_DELETED"},
    ("account_update", "ACCOUNT_OFFBOARDED"): {"event": "ACCOUNT_OFFBOARDED"},
    ("account_update", "ACCOUNT_RECONNECTED"): {"event": "ACCOUNT_RECONNECTED"},
    ("account_update", "ACCOUNT_VIOLATION"): {
        "event": "ACCOUNT_VIOLATION",
        "violation_info": {"violation_type": "SCAM"},
    },
    ("account_update", "ACCOUNT_RESTRICTION"): {
        "event": "ACCOUNT_RESTRICTION",
        "restriction_info": [{"restriction_type": "RESTRICTED_BIZ_INITIATED_MESSAGING", "expiration": 1790000000}],
    },
    ("account_update", "DISABLED_UPDATE"): {
        "event": "DISABLED_UPDATE",
        "ban_info": {"waba_ban_state": "SCHEDULE_FOR_DISABLE", "waba_ban_date": "January 31, 2026"},
    },
    ("account_update", "VERIFIED_ACCOUNT"): {"event": "VERIFIED_ACCOUNT", "phone_number": "15550100000"},
    ("account_update", "AUTH_INTL_PRICE_ELIGIBILITY_UPDATE"): {
        "event": "AUTH_INTL_PRICE_ELIGIBILITY_UPDATE",
        "auth_international_rate_eligibility": {
            "start_time": 1790000000,
            "exception_countries": [{"country_code": "ID", "start_time": 1790000000}],
        },
    },
    ("account_update", "BUSINESS_PRIMARY_LOCATION_COUNTRY_UPDATE"): {
        "event": "BUSINESS_PRIMARY_LOCATION_COUNTRY_UPDATE",
        "country": "IN",
    },
    ("account_update", "VOLUME_BASED_PRICING_TIER_UPDATE"): {
        "event": "VOLUME_BASED_PRICING_TIER_UPDATE",
        "volume_tier_info": {
            "tier_update_time": 1790000000,
            "pricing_category": "UTILITY",
            "tier": "25000001:50000000",
            "effective_month": "2026-11",
            "region": "India",
        },
    },
    ("account_update", "PARTNER_ADDED"): {"event": "PARTNER_ADDED", "waba_info": PARTNER},
    ("account_update", "PARTNER_REMOVED"): {
        "event": "PARTNER_REMOVED",
        "disconnection_info": {"reason": "PRIMARY_INACTIVITY", "initiated_by": "SYSTEM"},
    },
    ("account_update", "PARTNER_APP_INSTALLED"): {"event": "PARTNER_APP_INSTALLED", "waba_info": {**APP, **PARTNER}},
    ("account_update", "PARTNER_APP_UNINSTALLED"): {"event": "PARTNER_APP_UNINSTALLED", "waba_info": APP},
    ("account_update", "PARTNER_CLIENT_CERTIFICATION_STATUS_UPDATE"): {
        "event": "PARTNER_CLIENT_CERTIFICATION_STATUS_UPDATE",
        "partner_client_certification_info": {
            "client_business_id": "900000000000001",
            "status": "APPROVED",
            "rejection_reasons": ["NONE"],
        },
    },
    ("account_update", "AD_ACCOUNT_LINKED"): {
        "event": "AD_ACCOUNT_LINKED",
        "waba_info": {"ad_account_linked": "1000000000000009"},
    },
    ("account_update", "MM_LITE_TERMS_SIGNED"): {"event": "MM_LITE_TERMS_SIGNED"},
    ("automatic_events", "Purchase"): {
        "id": "wamid.A",
        "event_name": "Purchase",
        "ctwa_clid": "clid-1",
        "custom_data": {"currency": "USD", "value": 25000},
    },
    ("business_capability_update", ""): {
        "max_daily_conversations_per_business": 2000,
        "max_phone_numbers_per_business": 2,
        "max_phone_numbers_per_waba": 25,
    },
    ("business_username_update", "approved"): {"status": "approved", "username": "shop"},
    ("business_username_update", "reserved"): {"status": "reserved", "username": "shop"},
    ("business_username_update", "deleted"): {"status": "deleted"},
    ("calls", "call.connect"): {
        "event": "connect",
        **CALL,
        "session": {"sdp_type": "offer", "sdp": "v=0"},
    },
    ("calls", "call.terminate"): {
        "event": "terminate",
        **CALL,
        "start_time": "1790000000",
        "end_time": "1790000030",
        "duration": 30,
    },
    ("calls", "call.call_recording_available"): {
        "event": "call_recording_available",
        "id": "wacid.A",
        "from": "15550100001",
        "call_recording": {"audio": STORED},
    },
    ("calls", "call.call_transcription_available"): {
        "event": "call_transcription_available",
        "id": "wacid.A",
        "from": "15550100001",
        "call_transcript": {"document": STORED},
    },
    ("calls", "status.RINGING"): {
        "event": "status",
        "id": "wacid.A",
        "status": "RINGING",
        "recipient_id": "15550100001",
        "biz_opaque_callback_data": "x",
        "contacts": [CONTACT],
    },
    ("flows", "FLOW_STATUS_CHANGE"): {
        "event": "FLOW_STATUS_CHANGE",
        "flow_id": "1000000000000007",
        "message": "Published",
        "old_status": "DRAFT",
        "new_status": "PUBLISHED",
    },
    ("flows", "CLIENT_ERROR_RATE"): {"event": "CLIENT_ERROR_RATE", **RATE},
    ("flows", "ENDPOINT_ERROR_RATE"): {"event": "ENDPOINT_ERROR_RATE", **RATE},
    ("flows", "ENDPOINT_LATENCY"): {
        "event": "ENDPOINT_LATENCY",
        **ALERT,
        "p50_latency": 1.5,
        "p90_latency": 4,
        "requests_count": 34,
    },
    ("flows", "ENDPOINT_AVAILABILITY"): {"event": "ENDPOINT_AVAILABILITY", **ALERT, "availability": 75},
    ("flows", "FLOW_VERSION_EXPIRY_WARNING"): {"event": "FLOW_VERSION_EXPIRY_WARNING", "warning": "Version 4.0 ends"},
    ("group_lifecycle_update", "group_create"): {
        "type": "group_create",
        **GROUP,
        "subject": "Trip",
        "description": "To the sea",
        "invite_link": "https://chat.example/1",
        "join_approval_mode": "auto_approve",
    },
    ("group_lifecycle_update", "group_delete"): {"type": "group_delete", **GROUP},
    ("group_participants_update", "group_participants_add"): {
        "type": "group_participants_add",
        **GROUP,
        "added_participants": PEOPLE,
        "reason": "invite_link",
    },
    ("group_participants_update", "group_participants_remove"): {
        "type": "group_participants_remove",
        **GROUP,
        "removed_participants": PEOPLE,
        "failed_participants": [{"input": "15550100002", "errors": [CODE]}],
        "initiated_by": "business",
    },
    ("group_participants_update", "group_join_request_created"): {
        "type": "group_join_request_created",
        "group_id": "Z3JvdXA",
        "join_request_id": "J1",
        "wa_id": "15550100001",
    },
    ("group_participants_update", "group_join_request_revoked"): {
        "type": "group_join_request_revoked",
        "group_id": "Z3JvdXA",
        "join_request_id": "J1",
        "wa_id": "15550100001",
    },
    ("group_settings_update", "group_settings_update"): {
        "type": "group_settings_update",
        **GROUP,
        "group_subject": {"text": "Trip"},
        "group_description": {"text": "To the sea", "update_successful": False, "errors": [CODE]},
        "profile_picture": {"mime_type": "image/jpeg", "sha256": "c2hhMjU2"},
    },
    ("group_status_update", "group_suspend"): {"type": "group_suspend", "group_id": "Z3JvdXA"},
    ("group_status_update", "group_suspend_cleared"): {"type": "group_suspend_cleared", "group_id": "Z3JvdXA"},
    ("history", "chunk"): {
        "history": [
            {
                "metadata": {"phase": 1, "chunk_order": 2, "progress": 40},
                "threads": [
                    {
                        "id": "15550100001",
                        "messages": [{**ECHO, **CONTENTS["text"], "history_context": {"status": "READ"}}],
                    }
                ],
            }
        ]
    },
    ("history", "declined"): {"history": [{"errors": [{"code": 2593109}]}]},
    ("history", "media"): {"contacts": [CONTACT], "messages": [{**ECHO, **CONTENTS["image"]}]},
    ("message_template_components_update", ""): {
        **TEMPLATE,
        "message_template_element": "Hi {{1}}",
        "message_template_title": "Order",
        "message_template_footer": "Shop",
        "message_template_buttons": [
            {
                "message_template_button_type": "URL",
                "message_template_button_text": "Open",
                "message_template_button_url": "https://shop.example",
            }
        ],
    },
    ("message_template_quality_update", ""): {
        **TEMPLATE,
        "previous_quality_score": "GREEN",
        "new_quality_score": "YELLOW",
    },
    ("message_template_status_update", "APPROVED"): {
        **TEMPLATE,
        "event": "APPROVED",
        "message_template_category": "UTILITY",
    },
    ("message_template_status_update", "REJECTED"): {
        **TEMPLATE,
        "event": "REJECTED",
        "reason": "INVALID_FORMAT",
        "message_template_category": "MARKETING",
        "rejection_info": {"reason": "Two parameters side by side", "recommendation": "Put words between them"},
    },
    ("message_template_status_update", "PAUSED"): {
        **TEMPLATE,
        "event": "PAUSED",
        "other_info": {"title": "FIRST_PAUSE", "description": "Low quality"},
    },
    ("message_template_status_update", "DISABLED"): {
        **TEMPLATE,
        "event": "DISABLED",
        "disable_info": {"disable_date": 1790000000},
    },
    ("partner_solutions", ""): {
        "event": "SOLUTION_CREATED",
        "solution_id": "1000000000000005",
        "solution_status": "INITIATED",
    },
    ("payment_configuration_update", ""): {
        "configuration_name": "main",
        "provider_name": "razorpay",
        "provider_mid": "mid-1",
        "status": "Active",
        "created_timestamp": 1790000000,
        "updated_timestamp": 1790000001,
    },
    ("phone_number_name_update", "APPROVED"): {"decision": "APPROVED", "requested_verified_name": "Shop"},
    ("phone_number_name_update", "REJECTED"): {
        "decision": "REJECTED",
        "requested_verified_name": "Shop",
        "rejection_reason": "NAME_FORMAT_UNACCEPTABLE",
    },
    ("phone_number_quality_update", "THROUGHPUT_UPGRADE"): {
        "event": "THROUGHPUT_UPGRADE",
        "current_limit": "TIER_UNLIMITED",
        "max_daily_conversations_per_business": "TIER_UNLIMITED",
    },
    ("phone_number_quality_update", "DOWNGRADE"): {
        "event": "DOWNGRADE",
        "old_limit": "TIER_10K",
        "current_limit": "TIER_2K",
    },
    ("security", "PIN_RESET_REQUEST"): {"event": "PIN_RESET_REQUEST", "requester": "1000000000000010"},
    ("smb_app_state_sync", ""): {
        "state_sync": [{"contact": {"full_name": "Ann A", "first_name": "Ann", "phone_number": "15550100001"}}]
    },
    ("smb_message_echoes", "echo.text"): {"contacts": [CONTACT], "message_echoes": [{**ECHO, **CONTENTS["text"]}]},
    ("smb_message_echoes", "echo.edit"): {
        "contacts": [CONTACT],
        "message_echoes": [
            {
                **ECHO,
                "type": "edit",
                "edit": {"original_message_id": "wamid.A", "message": {"type": "text", "text": {"body": "New"}}},
            }
        ],
    },
    ("template_category_update", "change"): {
        **TEMPLATE,
        "previous_category": "UTILITY",
        "new_category": "MARKETING",
    },
    ("template_category_update", "announced"): {
        **TEMPLATE,
        "new_category": "UTILITY",
        "correct_category": "MARKETING",
        "category_update_timestamp": 1790000000,
    },
    ("user_preferences", "stop"): {"value": "stop", "wa_id": "15550100001", "contacts": [CONTACT]},
    ("user_preferences", "signup"): {
        "value": "signup",
        "wa_id": "15550100001",
        "signup_id": "1",
        "contacts": [CONTACT],
    },
}
