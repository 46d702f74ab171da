# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The trust root of Sigstore's public-good instance, as it was on a day. Made by `./dev trust-root`, not by hand."""

from __future__ import annotations

RETRIEVED = "2026-11-24"
ORIGIN = "the copy that sigstore-python 4.5.1 ships"
# The newest key or authority in it counts from this day on.
NEWEST = "2025-09-23"
SHA256 = "6494e21ea73fa7ee769f85f57d5a3e6a08725eae1e38c755fc3517c9e6bc0b66"
TRUSTED_ROOT = (
    b"{\n"
    b'  "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",\n'
    b'  "tlogs": [\n'
    b"    {\n"
    b'      "baseUrl": "https://rekor.sigstore.dev",\n'
    b'      "hashAlgorithm": "SHA2_256",\n'
    b'      "publicKey": {\n'
    b'        "rawBytes": "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE2G2Y+2tabdTV5BcGiBIx0a9fAFwrkBbmLSGtks4L3qX'
    b'6yYY0zufBnhC8Ur/iy55GhWP/9A/bY2LhC30M9+RYtw==",\n'
    b'        "keyDetails": "PKIX_ECDSA_P256_SHA_256",\n'
    b'        "validFor": {\n'
    b'          "start": "2021-01-12T11:53:27Z"\n'
    b"        }\n"
    b"      },\n"
    b'      "logId": {\n'
    b'        "keyId": "wNI9atQGlz+VWfO6LRygH4QUfY/8W4RFwiT5i5WRgB0="\n'
    b"      }\n"
    b"    },\n"
    b"    {\n"
    b'      "baseUrl": "https://log2025-1.rekor.sigstore.dev",\n'
    b'      "hashAlgorithm": "SHA2_256",\n'
    b'      "publicKey": {\n'
    b'        "rawBytes": "MCowBQYDK2VwAyEAt8rlp1knGwjfbcXAYPYAkn0XiLz1x8O4t0YkEhie244=",\n'
    b'        "keyDetails": "PKIX_ED25519",\n'
    b'        "validFor": {\n'
    b'          "start": "2025-09-23T00:00:00Z"\n'
    b"        }\n"
    b"      },\n"
    b'      "logId": {\n'
    b'        "keyId": "zxGZFVvd0FEmjR8WrFwMdcAJ9vtaY/QXf44Y1wUeP6A="\n'
    b"      }\n"
    b"    }\n"
    b"  ],\n"
    b'  "certificateAuthorities": [\n'
    b"    {\n"
    b'      "subject": {\n'
    b'        "organization": "sigstore.dev",\n'
    b'        "commonName": "sigstore"\n'
    b"      },\n"
    b'      "uri": "https://fulcio.sigstore.dev",\n'
    b'      "certChain": {\n'
    b'        "certificates": [\n'
    b"          {\n"
    b'            "rawBytes": "MIIB+DCCAX6gAwIBAgITNVkDZoCiofPDsy7dfm6geLbuhzAKBggqhkjOPQQDAzAqMRUwEwYDVQQ'
    b"KEwxzaWdzdG9yZS5kZXYxETAPBgNVBAMTCHNpZ3N0b3JlMB4XDTIxMDMwNzAzMjAyOVoXDTMxMDIyMzAzMjAyOVowKjEVMBMGA1U"
    b"EChMMc2lnc3RvcmUuZGV2MREwDwYDVQQDEwhzaWdzdG9yZTB2MBAGByqGSM49AgEGBSuBBAAiA2IABLSyA7Ii5k+pNO8ZEWY0yle"
    b"mWDowOkNa3kL+GZE5Z5GWehL9/A9bRNA3RbrsZ5i0JcastaRL7Sp5fp/jD5dxqc/UdTVnlvS16an+2Yfswe/QuLolRUCrcOE2+2i"
    b"A5+tzd6NmMGQwDgYDVR0PAQH/BAQDAgEGMBIGA1UdEwEB/wQIMAYBAf8CAQEwHQYDVR0OBBYEFMjFHQBBmiQpMlEk6w2uSu1KBtP"
    b"sMB8GA1UdIwQYMBaAFMjFHQBBmiQpMlEk6w2uSu1KBtPsMAoGCCqGSM49BAMDA2gAMGUCMH8liWJfMui6vXXBhjDgY4MwslmN/TJ"
    b"xVe/83WrFomwmNf056y1X48F9c4m3a3ozXAIxAKjRay5/aj/jsKKGIkmQatjI8uupHr/+CxFvaJWmpYqNkLDGRU+9orzh5hI2Rrc"
    b'uaQ=="\n'
    b"          }\n"
    b"        ]\n"
    b"      },\n"
    b'      "validFor": {\n'
    b'        "start": "2021-03-07T03:20:29Z",\n'
    b'        "end": "2022-12-31T23:59:59.999Z"\n'
    b"      }\n"
    b"    },\n"
    b"    {\n"
    b'      "subject": {\n'
    b'        "organization": "sigstore.dev",\n'
    b'        "commonName": "sigstore"\n'
    b"      },\n"
    b'      "uri": "https://fulcio.sigstore.dev",\n'
    b'      "certChain": {\n'
    b'        "certificates": [\n'
    b"          {\n"
    b'            "rawBytes": "MIICGjCCAaGgAwIBAgIUALnViVfnU0brJasmRkHrn/UnfaQwCgYIKoZIzj0EAwMwKjEVMBMGA1U'
    b"EChMMc2lnc3RvcmUuZGV2MREwDwYDVQQDEwhzaWdzdG9yZTAeFw0yMjA0MTMyMDA2MTVaFw0zMTEwMDUxMzU2NThaMDcxFTATBgN"
    b"VBAoTDHNpZ3N0b3JlLmRldjEeMBwGA1UEAxMVc2lnc3RvcmUtaW50ZXJtZWRpYXRlMHYwEAYHKoZIzj0CAQYFK4EEACIDYgAE8RV"
    b"S/ysH+NOvuDZyPIZtilgUF9NlarYpAd9HP1vBBH1U5CV77LSS7s0ZiH4nE7Hv7ptS6LvvR/STk798LVgMzLlJ4HeIfF3tHSaexLc"
    b"YpSASr1kS0N/RgBJz/9jWCiXno3sweTAOBgNVHQ8BAf8EBAMCAQYwEwYDVR0lBAwwCgYIKwYBBQUHAwMwEgYDVR0TAQH/BAgwBgE"
    b"B/wIBADAdBgNVHQ4EFgQU39Ppz1YkEZb5qNjpKFWixi4YZD8wHwYDVR0jBBgwFoAUWMAeX5FFpWapesyQoZMi0CrFxfowCgYIKoZ"
    b"Izj0EAwMDZwAwZAIwPCsQK4DYiZYDPIaDi5HFKnfxXx6ASSVmERfsynYBiX2X6SJRnZU84/9DZdnFvvxmAjBOt6QpBlc4J/0Dxvk"
    b'TCqpclvziL6BCCPnjdlIB3Pu3BxsPmygUY7Ii2zbdCdliiow="\n'
    b"          },\n"
    b"          {\n"
    b'            "rawBytes": "MIIB9zCCAXygAwIBAgIUALZNAPFdxHPwjeDloDwyYChAO/4wCgYIKoZIzj0EAwMwKjEVMBMGA1U'
    b"EChMMc2lnc3RvcmUuZGV2MREwDwYDVQQDEwhzaWdzdG9yZTAeFw0yMTEwMDcxMzU2NTlaFw0zMTEwMDUxMzU2NThaMCoxFTATBgN"
    b"VBAoTDHNpZ3N0b3JlLmRldjERMA8GA1UEAxMIc2lnc3RvcmUwdjAQBgcqhkjOPQIBBgUrgQQAIgNiAAT7XeFT4rb3PQGwS4IajtL"
    b"k3/OlnpgangaBclYpsYBr5i+4ynB07ceb3LP0OIOZdxexX69c5iVuyJRQ+Hz05yi+UF3uBWAlHpiS5sh0+H2GHE7SXrk1EC5m1Tr"
    b"19L9gg92jYzBhMA4GA1UdDwEB/wQEAwIBBjAPBgNVHRMBAf8EBTADAQH/MB0GA1UdDgQWBBRYwB5fkUWlZql6zJChkyLQKsXF+jA"
    b"fBgNVHSMEGDAWgBRYwB5fkUWlZql6zJChkyLQKsXF+jAKBggqhkjOPQQDAwNpADBmAjEAj1nHeXZp+13NWBNa+EDsDP8G1WWg1tC"
    b"MWP/WHPqpaVo0jhsweNFZgSs0eE7wYI4qAjEA2WB9ot98sIkoF3vZYdd3/VtWB5b9TNMea7Ix/stJ5TfcLLeABLE4BNJOsQ4vnBH"
    b'J"\n'
    b"          }\n"
    b"        ]\n"
    b"      },\n"
    b'      "validFor": {\n'
    b'        "start": "2022-04-13T20:06:15Z"\n'
    b"      }\n"
    b"    }\n"
    b"  ],\n"
    b'  "ctlogs": [\n'
    b"    {\n"
    b'      "baseUrl": "https://ctfe.sigstore.dev/test",\n'
    b'      "hashAlgorithm": "SHA2_256",\n'
    b'      "publicKey": {\n'
    b'        "rawBytes": "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEbfwR+RJudXscgRBRpKX1XFDy3PyudDxz/SfnRi1fT8e'
    b'kpfBd2O1uoz7jr3Z8nKzxA69EUQ+eFCFI3zeubPWU7w==",\n'
    b'        "keyDetails": "PKIX_ECDSA_P256_SHA_256",\n'
    b'        "validFor": {\n'
    b'          "start": "2021-03-14T00:00:00Z",\n'
    b'          "end": "2022-10-31T23:59:59.999Z"\n'
    b"        }\n"
    b"      },\n"
    b'      "logId": {\n'
    b'        "keyId": "CGCS8ChS/2hF0dFrJ4ScRWcYrBY9wzjSbea8IgY2b3I="\n'
    b"      }\n"
    b"    },\n"
    b"    {\n"
    b'      "baseUrl": "https://ctfe.sigstore.dev/2022",\n'
    b'      "hashAlgorithm": "SHA2_256",\n'
    b'      "publicKey": {\n'
    b'        "rawBytes": "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEiPSlFi0CmFTfEjCUqF9HuCEcYXNKAaYalIJmBZ8yyez'
    b'PjTqhxrKBpMnaocVtLJBI1eM3uXnQzQGAJdJ4gs9Fyw==",\n'
    b'        "keyDetails": "PKIX_ECDSA_P256_SHA_256",\n'
    b'        "validFor": {\n'
    b'          "start": "2022-10-20T00:00:00Z"\n'
    b"        }\n"
    b"      },\n"
    b'      "logId": {\n'
    b'        "keyId": "3T0wasbHETJjGR4cmWc3AqJKXrjePK3/h4pygC8p7o4="\n'
    b"      }\n"
    b"    }\n"
    b"  ],\n"
    b'  "timestampAuthorities": [\n'
    b"    {\n"
    b'      "subject": {\n'
    b'        "organization": "sigstore.dev",\n'
    b'        "commonName": "sigstore-tsa-selfsigned"\n'
    b"      },\n"
    b'      "uri": "https://timestamp.sigstore.dev/api/v1/timestamp",\n'
    b'      "certChain": {\n'
    b'        "certificates": [\n'
    b"          {\n"
    b'            "rawBytes": "MIICEDCCAZagAwIBAgIUOhNULwyQYe68wUMvy4qOiyojiwwwCgYIKoZIzj0EAwMwOTEVMBMGA1U'
    b"EChMMc2lnc3RvcmUuZGV2MSAwHgYDVQQDExdzaWdzdG9yZS10c2Etc2VsZnNpZ25lZDAeFw0yNTA0MDgwNjU5NDNaFw0zNTA0MDY"
    b"wNjU5NDNaMC4xFTATBgNVBAoTDHNpZ3N0b3JlLmRldjEVMBMGA1UEAxMMc2lnc3RvcmUtdHNhMHYwEAYHKoZIzj0CAQYFK4EEACI"
    b"DYgAE4ra2Z8hKNig2T9kFjCAToGG30jky+WQv3BzL+mKvh1SKNR/UwuwsfNCg4sryoYAd8E6isovVA3M4aoNdm9QDi50Z8nTEyvq"
    b"gfDPtTIwXItfiW/AFf1V7uwkbkAoj0xxco2owaDAOBgNVHQ8BAf8EBAMCB4AwHQYDVR0OBBYEFIn9eUOHz9BlRsMCRscsc1t9tOs"
    b"DMB8GA1UdIwQYMBaAFJjsAe9/u1H/1JUeb4qImFMHic6/MBYGA1UdJQEB/wQMMAoGCCsGAQUFBwMIMAoGCCqGSM49BAMDA2gAMGU"
    b"CMDtpsV/6KaO0qyF/UMsX2aSUXKQFdoGTptQGc0ftq1csulHPGG6dsmyMNd3JB+G3EQIxAOajvBcjpJmKb4Nv+2Taoj8Uc5+b6ih"
    b'6FXCCKraSqupe07zqswMcXJTe1cExvHvvlw=="\n'
    b"          },\n"
    b"          {\n"
    b'            "rawBytes": "MIIB9zCCAXygAwIBAgIUV7f0GLDOoEzIh8LXSW80OJiUp14wCgYIKoZIzj0EAwMwOTEVMBMGA1U'
    b"EChMMc2lnc3RvcmUuZGV2MSAwHgYDVQQDExdzaWdzdG9yZS10c2Etc2VsZnNpZ25lZDAeFw0yNTA0MDgwNjU5NDNaFw0zNTA0MDY"
    b"wNjU5NDNaMDkxFTATBgNVBAoTDHNpZ3N0b3JlLmRldjEgMB4GA1UEAxMXc2lnc3RvcmUtdHNhLXNlbGZzaWduZWQwdjAQBgcqhkj"
    b"OPQIBBgUrgQQAIgNiAAQUQNtfRT/ou3YATa6wB/kKTe70cfJwyRIBovMnt8RcJph/COE82uyS6FmppLLL1VBPGcPfpQPYJNXzWwi"
    b"8icwhKQ6W/Qe2h3oebBb2FHpwNJDqo+TMaC/tdfkv/ElJB72jRTBDMA4GA1UdDwEB/wQEAwIBBjASBgNVHRMBAf8ECDAGAQH/AgE"
    b"AMB0GA1UdDgQWBBSY7AHvf7tR/9SVHm+KiJhTB4nOvzAKBggqhkjOPQQDAwNpADBmAjEAwGEGrfGZR1cen1R8/DTVMI943LssZmJ"
    b"RtDp/i7SfGHmGRP6gRbuj9vOK3b67Z0QQAjEAuT2H673LQEaHTcyQSZrkp4mX7WwkmF+sVbkYY5mXN+RMH13KUEHHOqASaemYWK/"
    b'E"\n'
    b"          }\n"
    b"        ]\n"
    b"      },\n"
    b'      "validFor": {\n'
    b'        "start": "2025-07-04T00:00:00Z"\n'
    b"      }\n"
    b"    }\n"
    b"  ]\n"
    b"}\n"
)
