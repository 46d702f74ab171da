// Copyright (c) 2026, The founders of prexorcloud.production
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later
package org.prexorcloud.standin.daemon;

/** A failure towards the controller, worded like a gRPC status because that is what operators see. */
final class StatusException extends Exception {
    private static final long serialVersionUID = 1L;

    StatusException(String status, Throwable cause) {
        super(status, cause);
    }

    static StatusException ioException(Throwable cause) {
        return new StatusException("UNAVAILABLE: io exception", cause);
    }

    static StatusException sslException(Throwable cause) {
        return new StatusException("UNAVAILABLE: ssl exception", cause);
    }
}
