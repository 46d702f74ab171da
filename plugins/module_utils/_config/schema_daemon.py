# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every key of daemon.yml that release 1.0 or a later one reads. Source: upstream/daemon-config.yml, config.md 8 and 9.

The daemon has no validator of its own: apart from what cannot be read, the bounds here are ours and hold for what is
set through the module.
"""

from __future__ import annotations

from .schema import BOOL, DOUBLE, ENUM, INT, LONG, MAP, STR, STRINGS, Key, Schema

KEYS = (
    Key("nodeId", STR, "node-1", required=True, forms=("not_blank", "node_id")),
    Key("advertiseAddress", STR, ""),
    Key("controller.host", STR, "127.0.0.1", forms=("not_blank",)),
    Key("controller.grpcPort", INT, 9090, low=1, high=65535),
    Key("controller.endpoints", STRINGS, (), since="head", forms=("endpoints",)),
    Key("controller.dnsSrv", STR, since="head"),
    Key("health.enabled", BOOL, True),
    Key("health.bindAddress", STR, "127.0.0.1", forms=("not_blank",)),
    Key("health.port", INT, 9091, low=1, high=65535),
    Key("security.certificateDir", STR, "config/security", forms=("not_blank",)),
    Key("security.joinToken", STR, "", secret=True, generated=True),
    Key("instances.directory", STR, "instances", forms=("not_blank",)),
    Key("instances.shutdownTimeoutSeconds", INT, 30, low=1),
    Key("instances.killTimeoutSeconds", INT, 10, low=1),
    Key("instances.logRingBufferLines", INT, 500, low=1),
    Key("instances.maxConsoleOutputLinesPerSecond", INT, 200, low=1),
    # 0 means 80 % of the host's memory.
    Key("resources.maxMemoryMb", LONG, 0, low=0),
    Key("logging.level", STR, "INFO", forms=("log_level",), blank_is_default=True),
    Key("logging.format", ENUM, "HUMAN", allowed=("HUMAN", "JSON"), any_case=True, forms=("log_format",)),
    Key("labels", MAP, {}),
    Key("reconnect.initialDelayMs", LONG, 1000, low=1),
    Key("reconnect.maxDelayMs", LONG, 60000, low=1),
    Key("reconnect.multiplier", DOUBLE, 2.0, low=1.0),
    Key("modules.signing.required", BOOL, False),
    Key("modules.signing.mode", ENUM, "COSIGN_BUNDLE", allowed=("KEYED", "COSIGN_BUNDLE")),
    Key("modules.signing.trustRoot", STR, ""),
    Key("telemetry.enabled", BOOL, False),
    Key("telemetry.otlpEndpoint", STR, "http://localhost:4317"),
    Key("telemetry.serviceName", STR, "prexorcloud-daemon"),
    Key("telemetry.samplerRatio", DOUBLE, 1.0, low=0.0, high=1.0),
)

IGNORED = {
    "runtime.profile": "the daemon has no profile; set modules.signing.required there",
    "modules.signing.rekor": "the daemon knows no transparency log",
}

DAEMON = Schema("daemon", KEYS, IGNORED)
