"""Copies of requests for somebody who is not heard: how they are made, and who carries them."""
