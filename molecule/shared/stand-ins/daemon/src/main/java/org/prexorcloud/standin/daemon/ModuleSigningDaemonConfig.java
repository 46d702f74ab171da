// Copyright (c) 2026, The founders of prexorcloud.production
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later
package org.prexorcloud.standin.daemon;

/** Module signing as daemon.yml has it; named as upstream names it because the text of a load error repeats it. */
record ModuleSigningDaemonConfig(boolean required, Mode mode, String trustRoot) {
    enum Mode {
        COSIGN_BUNDLE,
        KEYED
    }

    ModuleSigningDaemonConfig {
        mode = DaemonConfig.orDefault(mode, Mode.COSIGN_BUNDLE);
        trustRoot = DaemonConfig.orDefault(trustRoot, "");
    }
}
